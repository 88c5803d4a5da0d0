/* SPDX-License-Identifier: Apache-2.0 */
/* Start and end of a conversation: binding a port, getting in step with the loader, naming the chip. */
#include <string.h>

#include "loader/command.h"
#include "transport/serial.h"
#include "wire/boot_text.h"

/* Real chips use the first SYNC to learn the rate and do not answer it. */
enum { SYNCS_PER_RESET = 5, SYNC_WORDS = 9, SYNC_EXTRA_ANSWERS = 7 };

esp_loader_error_t reflash_sync(esp_loader_t *loader, unsigned tries)
{
    esp_loader_error_t err;
    uint32_t words[SYNC_WORDS];
    memset(words, 0x55, sizeof(words));
    words[0] = 0x20120707;

    do {
        err = reflash_ask(loader, REFLASH_SYNC, words, SYNC_WORDS);
        if (err == ESP_LOADER_SUCCESS) {
            /* A SYNC is answered eight times. Swallow them all: a late one would otherwise stand in front of
             * the answer to the first real command. */
            reflash_drain(loader, SYNC_EXTRA_ANSWERS);
            return err;
        }
    } while (loader->_fault.cause != REFLASH_CAUSE_PORT && --tries > 0);
    return err;
}

/* By the chip id, which all revisions of a chip share; ESP8266 and ESP32 have none to tell and go by their magic words.
 * Straight after SYNC an ESP32's ROM refuses what it does not know eight times over. */
esp_loader_error_t reflash_identify(esp_loader_t *loader)
{
    enum { EXTRA_REFUSALS = 7 };
    reflash_security_t security;
    if (reflash_security_info(loader, &security) == ESP_LOADER_SUCCESS) {
        loader->_chip = reflash_chip_by_id(security.chip_id);
        if (loader->_chip == NULL && loader->_new_chip_by_id != NULL) {
            loader->_chip = loader->_new_chip_by_id(security.chip_id);
        }
        loader->_locks = (uint8_t)security.flags;
    } else if (loader->_fault.cause == REFLASH_CAUSE_REFUSED) {
        reflash_drain(loader, EXTRA_REFUSALS);
    }
    if (loader->_chip == NULL) {
        uint32_t magic;
        RETURN_ON_ERROR(reflash_read_register(loader, REFLASH_MAGIC_ADDR, &magic));
        loader->_chip = reflash_chip_by_magic((uint16_t)magic);
    }
    return loader->_chip != NULL ? ESP_LOADER_SUCCESS
                                 : reflash_fail(loader, ESP_LOADER_ERROR_INVALID_TARGET, REFLASH_CAUSE_UNKNOWN_CHIP);
}

/* The pin that selects the loader. Chips without a name in their banner are ESP32 and ESP8266: GPIO 0. */
static uint8_t boot_pin_of(const reflash_boot_text_t *text)
{
    if (text->chip == 0) {
        return text->resets > 0 ? 0 : REFLASH_NO_PIN;
    }
    const reflash_chip_t *chip = reflash_chip_by_suffix(text->chip);
    return chip != NULL ? chip->boot_pin : REFLASH_NO_PIN;
}

/* What is printed is listened to until a SYNC is answered: behind that come answers. */
esp_loader_error_t reflash_sync_after_reset(esp_loader_t *loader)
{
    reflash_boot_text_t text;
    memset(&text, 0, sizeof(text));
    reflash_forget_input(loader);
    loader->_port->ops->enter_bootloader(loader->_port);
    loader->_boot_text = &text;
    const esp_loader_error_t err = reflash_sync(loader, SYNCS_PER_RESET);
    loader->_boot_text = NULL;
    if (err != ESP_LOADER_SUCCESS) {
        reflash_set_boot(loader, reflash_boot_text_finding(&text), text.strapping, boot_pin_of(&text));
        return err;
    }
    if (loader->_answer_value == 0) { /* a mask ROM says the first word of a SYNC again */
        loader->_fault.boot = REFLASH_BOOT_STUB;
        return reflash_fail_to_receive(loader, ESP_LOADER_ERROR_INVALID_RESPONSE);
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t connect_once(esp_loader_t *loader)
{
    RETURN_ON_ERROR(reflash_sync_after_reset(loader));
    return reflash_identify(loader);
}

static esp_loader_error_t send(esp_loader_t *loader, const reflash_request_t *request, uint32_t at)
{
    const esp_loader_error_t err = reflash_serial_send(loader, request, at);
    if (err != ESP_LOADER_SUCCESS) {
        return reflash_fail(loader, err == ESP_LOADER_ERROR_TIMEOUT ? err : ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_PORT);
    }
    return ESP_LOADER_SUCCESS;
}

static const reflash_transport_t serial = {
    .needed_slots = REFLASH_COMMON_SLOTS | REFLASH_SLOT(write) | REFLASH_SLOT(read),
    .stub_block_bytes_max = 0x4000,
    .has_rate = true,
    .connect = connect_once,
    .send = send,
    .receive = reflash_serial_receive,
};

/* --- Public ---------------------------------------------------------------------------------------- */

/* Whether the port has all functions that `needed_slots` names. */
static bool has_slots(const esp_loader_port_ops_t *ops, uint32_t needed_slots)
{
    const char *at = (const char *)ops;
    for (; needed_slots != 0; needed_slots >>= 1) {
        void (*function)(void);
        memcpy(&function, at, sizeof(function));
        if ((needed_slots & 1) != 0 && function == NULL) {
            return false;
        }
        at += sizeof(function);
    }
    return true;
}

esp_loader_error_t reflash_bind(esp_loader_t *loader, esp_loader_port_t *port, const reflash_transport_t *transport)
{
    if (loader == NULL) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    memset(loader, 0, sizeof(*loader));
    if (port == NULL || port->ops == NULL || !has_slots(port->ops, transport->needed_slots)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    loader->_port = port;
    loader->_transport = transport;
    const esp_loader_error_t err = port->ops->init != NULL ? port->ops->init(port) : ESP_LOADER_SUCCESS;
    return err == ESP_LOADER_SUCCESS ? err : reflash_fail(loader, err, REFLASH_CAUSE_PORT);
}

esp_loader_error_t esp_loader_init_serial(esp_loader_t *loader, esp_loader_port_t *port)
{
    return reflash_bind(loader, port, &serial);
}

void esp_loader_deinit(esp_loader_t *loader)
{
    if (loader->_port != NULL && loader->_port->ops->deinit != NULL) {
        loader->_port->ops->deinit(loader->_port);
    }
    memset(loader, 0, sizeof(*loader));
}

esp_loader_error_t esp_loader_connect(esp_loader_t *loader, esp_loader_connect_args_t *connect_args)
{
    reflash_begin(loader);
    if (loader->_port == NULL || connect_args == NULL || connect_args->trials < 1 || connect_args->sync_timeout == 0) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    loader->_chip = NULL;
    loader->_stub = NULL;
    loader->_flash_bytes = 0;
    loader->_locks = 0;
    loader->_sync_ms = connect_args->sync_timeout;
    /* Where an earlier conversation raised it: what a target prints behind a reset could not be read. */
    const uint32_t baud = loader->_baud;
    loader->_baud = reflash_link(loader)->first_baud;
    esp_loader_port_t *port = loader->_port;
    if (baud != 0 && baud != loader->_baud && port->ops->change_transmission_rate != NULL) {
        RETURN_ON_ERROR(reflash_fail_to_receive(loader, port->ops->change_transmission_rate(port, loader->_baud)));
    }

    unsigned unknown_chips = 0;
    esp_loader_error_t err = ESP_LOADER_ERROR_TIMEOUT;
    for (int32_t trial = 0; trial < connect_args->trials; trial++) {
        err = loader->_transport->connect(loader);
        if (err == ESP_LOADER_SUCCESS || loader->_fault.cause == REFLASH_CAUSE_PORT) {
            break;
        }
        /* Once may be a damaged answer; twice is a chip that this build does not have. */
        unknown_chips += err == ESP_LOADER_ERROR_INVALID_TARGET ? 1 : 0;
        if (unknown_chips == 2) {
            break;
        }
    }
    return err;
}

esp_loader_error_t esp_loader_connect_secure_download_mode(esp_loader_t *loader,
                                                           esp_loader_connect_args_t *connect_args, uint32_t flash_size)
{
    if (flash_size == 0 || flash_size % REFLASH_SECTOR_BYTES != 0) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    RETURN_ON_ERROR(esp_loader_connect(loader, connect_args));
    return reflash_flash_set_up(loader, flash_size);
}

target_chip_t esp_loader_get_target(esp_loader_t *loader)
{
    return loader->_chip != NULL ? (target_chip_t)loader->_chip->target : ESP_UNKNOWN_CHIP;
}

void esp_loader_reset_target(esp_loader_t *loader)
{
    if (loader->_port != NULL) {
        reflash_forget_input(loader);
        loader->_port->ops->reset_target(loader->_port);
    }
}
