/* SPDX-License-Identifier: Apache-2.0 */
/* The target's registers, what they tell about it, and its baud rate. */
#include "loader/command.h"
#include "wire/bytes.h"

/* --- Registers ------------------------------------------------------------------------------------- */

esp_loader_error_t reflash_write_registers(esp_loader_t *loader, const uint32_t *entries, uint8_t count)
{
    return reflash_ask(loader, REFLASH_WRITE_REG, entries, (uint8_t)(4 * count));
}

esp_loader_error_t reflash_read_register(esp_loader_t *loader, uint32_t addr, uint32_t *value)
{
    RETURN_ON_ERROR(reflash_ask(loader, REFLASH_READ_REG, &addr, 1));
    *value = loader->_answer_value;
    return ESP_LOADER_SUCCESS;
}

/* --- Security info --------------------------------------------------------------------------------- */

enum { SECURITY_INFO_BYTES = 20, SECURITY_INFO_BYTES_WITHOUT_CHIP_ID = 12, ESP32S2_CHIP_ID = 2 };

static bool odd_number_of_bits(uint8_t bits)
{
    bits ^= bits >> 4;
    return (0x6996u >> (bits & 0xF) & 1) != 0;
}

esp_loader_error_t reflash_security_info(esp_loader_t *loader, reflash_security_t *security)
{
    RETURN_ON_ERROR(reflash_ask(loader, REFLASH_GET_SECURITY_INFO, NULL, 0));

    const uint8_t *data = reflash_answer_data(loader);
    security->flags = reflash_get_le32(data);
    security->flash_crypt_count = data[4];
    security->chip_id = reflash_get_le32(data + 12);
    security->eco_version = reflash_get_le32(data + 16);
    if (loader->_answer_bytes == SECURITY_INFO_BYTES_WITHOUT_CHIP_ID) {
        security->chip_id = ESP32S2_CHIP_ID; /* the only one that answers so */
        security->eco_version = 0;
    } else if (loader->_answer_bytes != SECURITY_INFO_BYTES) {
        return reflash_fail_to_receive(loader, ESP_LOADER_ERROR_INVALID_RESPONSE);
    }
    return ESP_LOADER_SUCCESS;
}

/* --- MAC ------------------------------------------------------------------------------------------- */

/* The first three bytes of a MAC in OTP: in the last of the four words, or, while that is 0, told by a number in the
 * second one, `high`. */
static esp_loader_error_t otp_vendor(esp_loader_t *loader, uint32_t high, uint32_t *vendor)
{
    enum { VENDOR_OFFSET = 12, VENDOR_COUNT = 2 };
    static const uint32_t vendors[VENDOR_COUNT] = {0x18FE34, 0xACD074};

    RETURN_ON_ERROR(reflash_read_register(loader, loader->_chip->mac_lo_reg + VENDOR_OFFSET, vendor));
    if (*vendor != 0) {
        return ESP_LOADER_SUCCESS;
    }
    const uint32_t number = high >> 16 & 0xFF;
    if (number >= VENDOR_COUNT) {
        return reflash_fail_to_receive(loader, ESP_LOADER_ERROR_INVALID_RESPONSE);
    }
    *vendor = vendors[number];
    return ESP_LOADER_SUCCESS;
}

/* --- Public ---------------------------------------------------------------------------------------- */

bool reflash_describe_target(const esp_loader_t *loader, reflash_target_t *target)
{
    const reflash_chip_t *chip = loader->_chip;
    if (chip == NULL) {
        return false;
    }
    *target = (reflash_target_t){.name = chip->name,
                                 .target = (target_chip_t)chip->target,
                                 .chip_id = chip->chip_id,
                                 .boot_addr = chip->boot_addr,
                                 .flash_bytes = loader->_flash_bytes,
                                 .baud = loader->_baud,
                                 .boot_pin = chip->boot_pin,
                                 .has_digests = reflash_knows(loader, REFLASH_SPI_FLASH_MD5),
                                 .secure_download = (loader->_locks & REFLASH_SECURE_DOWNLOAD) != 0};
    return true;
}

esp_loader_error_t esp_loader_write_register(esp_loader_t *loader, uint32_t address, uint32_t value)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, true));
    return reflash_write_registers(loader, (const uint32_t[]){address, value, 0xFFFFFFFF, 0}, 1);
}

esp_loader_error_t esp_loader_read_register(esp_loader_t *loader, uint32_t address, uint32_t *value)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, value != NULL));
    return reflash_read_register(loader, address, value);
}

esp_loader_error_t esp_loader_read_mac(esp_loader_t *loader, uint8_t *mac)
{
    enum { MAC_BYTES = 6 };

    RETURN_ON_ERROR(reflash_begin_connected(loader, mac != NULL));
    uint32_t low;
    uint32_t high;
    const uint32_t reg = loader->_chip->mac_lo_reg;
    RETURN_ON_ERROR(reflash_read_register(loader, reg, &low));
    RETURN_ON_ERROR(reflash_read_register(loader, reg + 4, &high));
    if (loader->_chip->mac_layout == REFLASH_MAC_OTP) {
        uint32_t vendor;
        RETURN_ON_ERROR(otp_vendor(loader, high, &vendor));
        low = vendor << 24 | (high & 0xFFFF) << 8 | low >> 24;
        high = vendor >> 8;
    }
    for (unsigned byte = MAC_BYTES; byte > 0; byte--) {
        mac[byte - 1] = (uint8_t)low;
        low = low >> 8 | high << 24;
        high >>= 8;
    }
    return ESP_LOADER_SUCCESS;
}

/* Where each flag goes, from bit 0 on. */
#define AT(member) offsetof(esp_loader_target_security_info_t, member)
static const uint8_t flag_offsets[] = {
    AT(secure_boot_enabled),
    AT(secure_boot_aggressive_revoke_enabled),
    AT(secure_download_mode_enabled),
    AT(secure_boot_revoked_keys[0]),
    AT(secure_boot_revoked_keys[1]),
    AT(secure_boot_revoked_keys[2]),
    AT(jtag_software_disabled),
    AT(jtag_hardware_disabled),
    AT(usb_disabled),
    AT(dcache_in_uart_download_disabled),
    AT(icache_in_uart_download_disabled),
};

esp_loader_error_t esp_loader_get_security_info(esp_loader_t *loader, esp_loader_target_security_info_t *security_info)
{
    RETURN_ON_ERROR(reflash_begin_with(loader, security_info != NULL, REFLASH_GET_SECURITY_INFO));
    reflash_security_t security;
    RETURN_ON_ERROR(reflash_security_info(loader, &security));
    security_info->target_chip = (target_chip_t)loader->_chip->target;
    security_info->eco_version = security.eco_version;
    security_info->flash_encryption_enabled = odd_number_of_bits(security.flash_crypt_count);
    for (unsigned bit = 0; bit < sizeof(flag_offsets); bit++) {
        *(bool *)((char *)security_info + flag_offsets[bit]) = (security.flags >> bit & 1) != 0;
    }
    return ESP_LOADER_SUCCESS;
}

/* --- Rate ------------------------------------------------------------------------------------------ */

/* What a ROM takes its UART's clock for, and what it is. */
typedef struct {
    uint32_t believed_khz, real_khz;
} uart_clock_t;

typedef struct {
    uint32_t measured_reg, told_reg;
    uint16_t slow_khz, fast_khz; /* crystals that there are */
} uart_clock_row_t;

static const uart_clock_row_t uart_clocks[] = {
    [REFLASH_UART_CLOCK_ESP32 - 1] = {0x3FF5F06C, 0x3FF5A010, 26000, 40000},
    [REFLASH_UART_CLOCK_ESP32C2 - 1] = {0x60000014, 0, 26000, 40000},
    [REFLASH_UART_CLOCK_ESP32C5 - 1] = {0x60000014, 0x60096110, 40000, 48000},
};

/* An ESP32's ROM measures the crystal against its 8 MHz oscillator, whose rate is burned in at the factory: the count
 * of periods, times that, times 15625 / 40 Hz. The others tell it by the divider that they found while they learned
 * the host's rate; of these the ESP32-C2 believes in 40 MHz and the ESP32-C5 in what a register says. */
static esp_loader_error_t uart_clock(esp_loader_t *loader, uart_clock_t *clock)
{
    enum { COUNT_SHIFT = 7, COUNT_MASK = 0xFFFF, DIVIDER_MASK = 0xFFFFF, C2_BELIEVED_KHZ = 40000 };
    const uint8_t kind = loader->_chip->uart_clock;
    uint32_t measured;
    uint32_t told = 0;

    clock->believed_khz = 0;
    /* In secure download mode there are no registers to ask, and a stub knows its clock. */
    if (kind == REFLASH_UART_CLOCK_RIGHT || (loader->_locks & REFLASH_SECURE_DOWNLOAD) != 0 || loader->_stub != NULL) {
        return ESP_LOADER_SUCCESS;
    }
    const uart_clock_row_t row = uart_clocks[kind - 1];
    RETURN_ON_ERROR(reflash_read_register(loader, row.measured_reg, &measured));
    if (row.told_reg != 0) {
        RETURN_ON_ERROR(reflash_read_register(loader, row.told_reg, &told));
    }
    if (kind == REFLASH_UART_CLOCK_ESP32) {
        measured = (measured >> COUNT_SHIFT & COUNT_MASK) * (told & 0xFF) * 25 / 64;
        clock->believed_khz = measured;
    } else {
        measured = (measured & DIVIDER_MASK) * loader->_baud / 1000;
        clock->believed_khz = row.told_reg != 0 ? (told >> 24 & 0x7F) * 1000 : C2_BELIEVED_KHZ;
    }
    clock->real_khz = 2 * measured > (uint32_t)row.slow_khz + row.fast_khz ? row.fast_khz : row.slow_khz;
    return ESP_LOADER_SUCCESS;
}

/* The rate to ask for so that `rate` comes out. A belief that is far off is no belief: nothing was burned in. */
static uint32_t rate_to_ask(const uart_clock_t *clock, uint32_t rate)
{
    const bool plausible = clock->believed_khz >= 20000 && clock->believed_khz <= 60000;
    if (!plausible || clock->believed_khz == clock->real_khz) {
        return rate;
    }
    return rate / 100 * clock->believed_khz / clock->real_khz * 100;
}

static esp_loader_error_t ask_rate(esp_loader_t *loader, const uart_clock_t *clock, uint32_t rate)
{
    /* A stub wants to know the rate before; a ROM would, if the low byte were not 0, take the first word as a raw
     * divider. */
    const uint32_t words[2] = {rate_to_ask(clock, rate), loader->_stub != NULL ? loader->_baud : 0};
    return reflash_ask(loader, REFLASH_CHANGE_BAUDRATE, words, sizeof(words) / sizeof(words[0]));
}

static esp_loader_error_t set_host_rate(esp_loader_t *loader, uint32_t rate)
{
    esp_loader_port_t *port = loader->_port;
    /* What peers wait by default: a ROM sends two more bytes at the old rate before it switches. */
    const uint32_t settle_ms = reflash_link(loader)->settle_ms;
    port->ops->delay_ms(port, settle_ms);
    if (port->ops->change_transmission_rate(port, rate) != ESP_LOADER_SUCCESS) {
        return reflash_fail_to_receive(loader, ESP_LOADER_ERROR_FAIL);
    }
    port->ops->delay_ms(port, settle_ms);
    reflash_forget_input(loader);
    return ESP_LOADER_SUCCESS;
}

/* Back to the rate before, whatever the target made of the new one: it is asked over a line that may be bad, then
 * spoken to, then reset. The fault stays that of the new rate. */
static void restore_rate(esp_loader_t *loader, const uart_clock_t *clock)
{
    enum { TRIES = 5 };
    const struct reflash_fault_record fault = loader->_fault;
    (void)ask_rate(loader, clock, loader->_baud);
    esp_loader_error_t err = set_host_rate(loader, loader->_baud);
    if (err == ESP_LOADER_SUCCESS) {
        err = reflash_sync(loader, TRIES);
        if (err != ESP_LOADER_SUCCESS) {
            const uint32_t flash_bytes = loader->_flash_bytes;
            loader->_flash_bytes = 0; /* to be attached again */
            loader->_stub = NULL;
            err = reflash_sync_after_reset(loader);
            if (err == ESP_LOADER_SUCCESS && (loader->_locks & REFLASH_SECURE_DOWNLOAD) != 0 && flash_bytes > 0) {
                err = reflash_flash_set_up(loader, flash_bytes);
            }
        }
    }
    if (err != ESP_LOADER_SUCCESS) {
        loader->_chip = NULL;
    }
    loader->_fault = fault;
}

esp_loader_error_t esp_loader_change_transmission_rate(esp_loader_t *loader, uint32_t rate)
{
    enum { TRIES = 3 };

    RETURN_ON_ERROR(reflash_begin_with(loader, rate > 0, REFLASH_CHANGE_BAUDRATE));
    /* Found out by asking, this would look like a line that does not bear the rate: the target would be reset. */
    if (!loader->_transport->has_rate || loader->_port->ops->change_transmission_rate == NULL) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    uart_clock_t clock;
    esp_loader_error_t err = uart_clock(loader, &clock);
    if (err == ESP_LOADER_SUCCESS) {
        err = ask_rate(loader, &clock, rate);
        /* One damaged bit makes a refusal of a consent, but not one with a reason that there is. */
        const uint8_t least_reason = loader->_stub != NULL ? 0xC0 : 1; /* 0: it did not refuse */
        if (loader->_fault.target_reason >= least_reason) {
            return err;
        }
        /* Without an answer it may have switched all the same. */
        err = loader->_fault.cause != REFLASH_CAUSE_PORT ? set_host_rate(loader, rate) : err;
    }
    if (err == ESP_LOADER_SUCCESS) {
        err = reflash_sync(loader, TRIES);
    }
    if (err != ESP_LOADER_SUCCESS) {
        restore_rate(loader, &clock);
        return err;
    }
    loader->_baud = rate;
    return ESP_LOADER_SUCCESS;
}
