/* SPDX-License-Identifier: Apache-2.0 */
/** What the port takes of Zephyr, on the wires of tests/ports: a UART with FIFOs of 16 bytes and an interrupt that comes
 *  again until its cause is gone, two pins, a clock, semaphores. Written from the API's documentation. Misuse fails the
 *  test: FIFOs touched outside of the interrupt, pins moved that are no outputs, an interrupt that never ends. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- What a test sees and sets ----------------------------------------------------------------------------- */

enum { FAKE_FIFO_BYTES = 16, FAKE_TEXT_BYTES = 512 };

typedef struct {
    uint32_t highest_baud;            /* of the UART: above it is -ENOTSUP */
    bool cannot_be_set;               /* its driver has no uart_configure(): -ENOSYS */
    bool has_no_interrupt;            /* nor interrupts: -ENOTSUP */
    bool hangs;                       /* its transmitter takes nothing */
    bool pins_are_refused;            /* gpio_pin_configure() is -ENOTSUP */
    bool receives_late;               /* the receive interrupt is held up, as by another one */
    bool boot_is_open, reset_is_open; /* pins that are outputs */
    char text[FAKE_TEXT_BYTES];       /* what was printed last, cut off */
} fake_zephyr_t;

extern fake_zephyr_t fake_zephyr;

/** Everything as after power-on. */
void fake_zephyr_reset(void);
/** Let the held-up interrupt come. */
void fake_zephyr_receive_now(void);

/* --- Devices ----------------------------------------------------------------------------------------------- */

struct device {
    const char *name;
    const void *config;
    void *data;
    bool is_ready;
};

bool device_is_ready(const struct device *dev);

extern struct device fake_uart, fake_gpio;
extern const struct device fake_loader_device;
extern int (*const fake_loader_device_init)(const struct device *dev);

/* The devicetree: one node. */
#define DEVICE_DT_GET(node) (&(node))
#define DT_CHOSEN(name) fake_chosen_##name
#define fake_chosen_zephyr_esp_loader fake_loader_device
#define DT_INST_PHANDLE(inst, property) fake_node_##inst##_##property
#define DT_INST_PROP(inst, property) fake_node_##inst##_##property
#define GPIO_DT_SPEC_INST_GET(inst, property) fake_node_##inst##_##property
#define DT_INST_FOREACH_STATUS_OKAY(define) define(0)
#define fake_node_0_uart fake_uart
#define fake_node_0_default_baudrate 115200
#define fake_node_0_higher_baudrate 460800
#define fake_node_0_sync_timeout_ms 100
#define fake_node_0_num_trials 10
#define fake_node_0_reset_gpios                                                                                        \
    {                                                                                                                  \
        .port = &fake_gpio, .pin = 25, .dt_flags = GPIO_ACTIVE_LOW                                                     \
    }
#define fake_node_0_boot_gpios                                                                                         \
    {                                                                                                                  \
        .port = &fake_gpio, .pin = 26, .dt_flags = GPIO_ACTIVE_LOW                                                     \
    }
#define DEVICE_DT_INST_DEFINE(inst, init, pm, data_, config_, level, priority, api)                                    \
    const struct device fake_loader_device = {"loader", config_, data_, true};                                         \
    int (*const fake_loader_device_init)(const struct device *dev) = init

/* --- Pins -------------------------------------------------------------------------------------------------- */

typedef uint16_t gpio_dt_flags_t;
typedef uint32_t gpio_flags_t;

enum { GPIO_ACTIVE_HIGH = 0, GPIO_ACTIVE_LOW = 1 };
enum { GPIO_INPUT = 1 << 16, GPIO_OUTPUT_INACTIVE = 1 << 17 };

struct gpio_dt_spec {
    const struct device *port;
    uint8_t pin;
    gpio_dt_flags_t dt_flags;
};

bool gpio_is_ready_dt(const struct gpio_dt_spec *spec);
int gpio_pin_configure_dt(const struct gpio_dt_spec *spec, gpio_flags_t extra_flags);
int gpio_pin_set_dt(const struct gpio_dt_spec *spec, int value);

/* --- UART -------------------------------------------------------------------------------------------------- */

enum uart_config_parity { UART_CFG_PARITY_NONE };
enum uart_config_stop_bits { UART_CFG_STOP_BITS_0_5, UART_CFG_STOP_BITS_1 };
enum uart_config_data_bits { UART_CFG_DATA_BITS_5, UART_CFG_DATA_BITS_6, UART_CFG_DATA_BITS_7, UART_CFG_DATA_BITS_8 };
enum uart_config_flow_control { UART_CFG_FLOW_CTRL_NONE };
enum uart_rx_stop_reason { UART_ERROR_OVERRUN = 1 };

struct uart_config {
    uint32_t baudrate;
    uint8_t parity, stop_bits, data_bits, flow_ctrl;
};

typedef void (*uart_irq_callback_user_data_t)(const struct device *dev, void *user_data);

int uart_configure(const struct device *dev, const struct uart_config *config);
int uart_irq_callback_user_data_set(const struct device *dev, uart_irq_callback_user_data_t callback, void *user_data);
void uart_irq_rx_enable(const struct device *dev);
void uart_irq_rx_disable(const struct device *dev);
void uart_irq_tx_enable(const struct device *dev);
void uart_irq_tx_disable(const struct device *dev);
int uart_irq_update(const struct device *dev);
int uart_irq_rx_ready(const struct device *dev);
int uart_irq_tx_ready(const struct device *dev);
int uart_irq_tx_complete(const struct device *dev);
int uart_fifo_read(const struct device *dev, uint8_t *data, int size);
int uart_fifo_fill(const struct device *dev, const uint8_t *data, int size);
int uart_err_check(const struct device *dev);

/* --- Kernel ------------------------------------------------------------------------------------------------ */

typedef struct {
    int64_t ms;
} k_timeout_t;

#define K_MSEC(ms_) ((k_timeout_t){(int64_t)(ms_)})

uint32_t k_uptime_get_32(void);
int32_t k_sleep(k_timeout_t timeout);

struct k_sem {
    unsigned count, limit;
};

int k_sem_init(struct k_sem *sem, unsigned initial_count, unsigned limit);
int k_sem_take(struct k_sem *sem, k_timeout_t timeout);
void k_sem_give(struct k_sem *sem);
void k_sem_reset(struct k_sem *sem);

struct k_spinlock {
    bool is_locked;
};
typedef struct {
    int key;
} k_spinlock_key_t;

k_spinlock_key_t k_spin_lock(struct k_spinlock *lock);
void k_spin_unlock(struct k_spinlock *lock, k_spinlock_key_t key);

__attribute__((format(printf, 1, 2))) void printk(const char *fmt, ...);
__attribute__((format(printf, 1, 0))) void vprintk(const char *fmt, va_list args);

#define IS_POWER_OF_TWO(x) (((x) != 0) && (((x) & ((x)-1)) == 0))
#define BUILD_ASSERT(condition, text) _Static_assert(condition, text)
