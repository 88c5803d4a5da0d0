/* SPDX-License-Identifier: Apache-2.0 */
/* The HAL receives right into the ring, by interrupt, as much in one piece as there is room for. A full ring is given
 * nothing more to receive; what is lost then the UART itself notices. */
#include "stm32_port.h"

#include "polled.h"
#include "reset_lines.h"

#if defined(USE_HAL_UART_REGISTER_CALLBACKS) && USE_HAL_UART_REGISTER_CALLBACKS == 1
#define HAS_REGISTERED_CALLBACKS 1
#else
#define HAS_REGISTERED_CALLBACKS 0
#endif

static stm32_port_t *first_open;

static stm32_port_t *self(esp_loader_port_t *base)
{
    return container_of(base, stm32_port_t, port);
}

/* --- Interrupts -------------------------------------------------------------------------------------------- */

static uint32_t interrupts_off(void)
{
    const uint32_t before = __get_PRIMASK();
    __disable_irq();
    return before;
}

/* In an interrupt, or with interrupts off: count what came, and go on receiving if that has ended. */
static HAL_StatusTypeDef go_on(stm32_port_t *port)
{
    UART_HandleTypeDef *huart = port->huart;
    reflash_ring_t *ring = &port->_ring;
    ring->put = ring->put + port->_awaited_bytes - huart->RxXferCount;
    port->_awaited_bytes = huart->RxXferCount;
    if (huart->RxState != HAL_UART_STATE_READY) {
        return HAL_OK;
    }
    if ((huart->ErrorCode & HAL_UART_ERROR_ORE) != 0) {
        ring->overrun_bytes = ring->overrun_bytes + 1; /* at least */
    }
    if (reflash_ring_is_full(ring)) {
        return HAL_OK;
    }
    const uint32_t at = ring->put & (ring->capacity - 1);
    const uint32_t to_end_bytes = ring->capacity - at;
    const uint32_t room_bytes = ring->capacity - (ring->put - ring->taken);
    const uint16_t bytes = (uint16_t)(room_bytes < to_end_bytes ? room_bytes : to_end_bytes);
    const HAL_StatusTypeDef status = HAL_UART_Receive_IT(huart, port->_received + at, bytes);
    if (status == HAL_OK) {
        port->_awaited_bytes = bytes;
    }
    return status;
}

/* The HAL's callbacks are of this type. */
/* cppcheck-suppress constParameter */
void stm32_port_event(UART_HandleTypeDef *huart)
{
    for (stm32_port_t *port = first_open; port != NULL; port = port->_next) {
        if (port->huart == huart) {
            (void)go_on(port);
        }
    }
}

#if !HAS_REGISTERED_CALLBACKS && !defined(STM32_PORT_OWN_CALLBACKS)
void HAL_UART_RxCpltCallback(UART_HandleTypeDef *huart)
{
    stm32_port_event(huart);
}

void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart)
{
    stm32_port_event(huart);
}
#endif

/* What the interrupt would do, if the project has not switched it on; else there is nothing to do. */
static void look(stm32_port_t *port)
{
    const uint32_t before = interrupts_off();
    HAL_UART_IRQHandler(port->huart);
    (void)go_on(port);
    __set_PRIMASK(before);
}

/* Forget what was received, and receive. */
static esp_loader_error_t start_over(stm32_port_t *port)
{
    const uint32_t before = interrupts_off();
    (void)HAL_UART_AbortReceive(port->huart); /* RxXferCount is 0 then, whatever came */
    __HAL_UART_CLEAR_OREFLAG(port->huart);
    port->_awaited_bytes = 0;
    reflash_ring_clear(&port->_ring);
    const HAL_StatusTypeDef status = go_on(port);
    port->_ring.told_overrun_bytes = port->_ring.overrun_bytes;
    __set_PRIMASK(before);
    return status == HAL_OK ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static uint32_t now_ms(void)
{
    return HAL_GetTick();
}

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    self(base)->_timer = reflash_deadline(now_ms(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    return reflash_deadline_left_ms(&self(base)->_timer, now_ms());
}

/* One more than asked for: the millisecond that is running now is not a whole one. */
static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    const reflash_deadline_t deadline = reflash_deadline(now_ms(), ms + 1);
    while (!reflash_deadline_is_over(&deadline, now_ms())) {
        look(self(base));
    }
}

/* --- Receiving --------------------------------------------------------------------------------------------- */

static bool get_byte(esp_loader_port_t *base, uint8_t *byte)
{
    reflash_ring_t *ring = &self(base)->_ring;
    if (reflash_ring_take(ring, byte)) {
        return true;
    }
    look(self(base));
    return reflash_ring_take(ring, byte);
}

static void flush(esp_loader_port_t *base)
{
    (void)start_over(self(base));
}

/* The HAL's reception has ended, or has part of the rest: so it begins anew. */
static bool lost_bytes(esp_loader_port_t *base)
{
    const bool lost = reflash_ring_lost(&self(base)->_ring);
    if (lost) {
        flush(base);
    }
    return lost;
}

static const reflash_polled_t polled = {.now_ms = now_ms, .get = get_byte, .lost = lost_bytes};

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    return reflash_polled_read(base, &polled, data, size, timeout);
}

static esp_loader_error_t read_some(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    return reflash_polled_read_some(base, &polled, data, size, got_bytes, timeout);
}

/* --- Sending ----------------------------------------------------------------------------------------------- */

/* HAL_UART_Transmit() is of no use: it receives nothing meanwhile without the interrupt, and its timeout ends the
 * reception. The HAL does not write to what it sends; old ones only forgot the const. */
static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    stm32_port_t *port = self(base);
    if (size == 0) {
        return ESP_LOADER_SUCCESS; /* an error for the HAL */
    }
    const reflash_deadline_t deadline = reflash_deadline(now_ms(), timeout);
    uint32_t before = interrupts_off();
    const HAL_StatusTypeDef status = HAL_UART_Transmit_IT(port->huart, (uint8_t *)data, size);
    __set_PRIMASK(before);
    if (status != HAL_OK) {
        return ESP_LOADER_ERROR_FAIL;
    }
    while (port->huart->gState != HAL_UART_STATE_READY) {
        if (reflash_deadline_is_over(&deadline, now_ms())) {
            before = interrupts_off();
            (void)HAL_UART_AbortTransmit(port->huart);
            __set_PRIMASK(before);
            return ESP_LOADER_ERROR_TIMEOUT;
        }
        look(port);
    }
    return ESP_LOADER_SUCCESS;
}

/* --- The rate ---------------------------------------------------------------------------------------------- */

static esp_loader_error_t set_rate(stm32_port_t *port, uint32_t rate)
{
    const uint32_t before = interrupts_off();
    (void)HAL_UART_AbortReceive(port->huart);
    __set_PRIMASK(before);
    port->huart->Init.BaudRate = rate;
    const HAL_StatusTypeDef status = HAL_UART_Init(port->huart);
    const esp_loader_error_t err = start_over(port);
    return status == HAL_OK ? err : ESP_LOADER_ERROR_FAIL;
}

/* How well the rate was divided the HAL does not tell; the library finds out. */
static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    stm32_port_t *port = self(base);
    const uint32_t old_rate = port->huart->Init.BaudRate;
    if (rate == 0) {
        return ESP_LOADER_ERROR_FAIL; /* the HAL would divide by it */
    }
    const esp_loader_error_t err = set_rate(port, rate);
    if (err != ESP_LOADER_SUCCESS) {
        (void)set_rate(port, old_rate);
    }
    return err;
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static const reflash_lines_t lines = REFLASH_LINES_OF_BUILD();

static void set_lines(esp_loader_port_t *base, bool boot, bool reset)
{
    const stm32_port_t *port = self(base);
    HAL_GPIO_WritePin(port->port_boot, port->pin_num_boot, boot ? GPIO_PIN_RESET : GPIO_PIN_SET);
    HAL_GPIO_WritePin(port->port_rst, port->pin_num_rst, reset ? GPIO_PIN_RESET : GPIO_PIN_SET);
}

static const reflash_line_moves_t moves = {.set = set_lines, .forget = flush};

static void enter_bootloader(esp_loader_port_t *base)
{
    reflash_lines_enter_bootloader(base, &lines, &moves);
}

static void reset_target(esp_loader_port_t *base)
{
    reflash_lines_reset_target(base, &lines, &moves);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static void deinit(esp_loader_port_t *base)
{
    stm32_port_t *port = self(base);
    stm32_port_t **at = &first_open;
    while (*at != port) {
        if (*at == NULL) {
            return;
        }
        at = &(*at)->_next;
    }
    (void)set_rate(port, port->_first_rate);
    const uint32_t before = interrupts_off();
    (void)HAL_UART_AbortReceive(port->huart);
    *at = port->_next;
    __set_PRIMASK(before);
#if HAS_REGISTERED_CALLBACKS
    (void)HAL_UART_UnRegisterCallback(port->huart, HAL_UART_RX_COMPLETE_CB_ID);
    (void)HAL_UART_UnRegisterCallback(port->huart, HAL_UART_ERROR_CB_ID);
#endif
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    stm32_port_t *port = self(base);
    deinit(base); /* if it is open */
#if HAS_REGISTERED_CALLBACKS
    if (HAL_UART_RegisterCallback(port->huart, HAL_UART_RX_COMPLETE_CB_ID, stm32_port_event) != HAL_OK ||
        HAL_UART_RegisterCallback(port->huart, HAL_UART_ERROR_CB_ID, stm32_port_event) != HAL_OK) {
        return ESP_LOADER_ERROR_FAIL;
    }
#endif
    port->_first_rate = port->huart->Init.BaudRate;
    port->_ring = (reflash_ring_t){.bytes = port->_received, .capacity = sizeof(port->_received)};
    const uint32_t before = interrupts_off();
    port->_next = first_open;
    first_open = port;
    __set_PRIMASK(before);
    const esp_loader_error_t err = start_over(port);
    if (err != ESP_LOADER_SUCCESS) {
        deinit(base);
    }
    return err;
}

const esp_loader_port_ops_t stm32_uart_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
    .read_some = read_some,
    .flush = flush,
};
