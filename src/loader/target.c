/* SPDX-License-Identifier: Apache-2.0 */
/* The target's registers, what they tell about it, and its baud rate. */
#include "loader/command.h"
#include "wire/bytes.h"

/* --- Registers ------------------------------------------------------------------------------------- */

esp_loader_error_t reflash_write_registers(esp_loader_t *loader, const uint32_t (*entries)[4], uint8_t count)
{
    return reflash_ask(
        loader,
        &(reflash_command_t){.opcode = REFLASH_WRITE_REG, .words = entries[0], .word_count = (uint8_t)(4 * count)});
}

esp_loader_error_t reflash_read_register(esp_loader_t *loader, uint32_t addr, uint32_t *value)
{
    const esp_loader_error_t err =
        reflash_ask(loader, &(reflash_command_t){.opcode = REFLASH_READ_REG, .words = &addr, .word_count = 1});
    if (err == ESP_LOADER_SUCCESS) {
        *value = loader->_answer_value;
    }
    return err;
}

/* --- Security info --------------------------------------------------------------------------------- */

enum { SECURITY_INFO_BYTES = 20, SECURITY_INFO_BYTES_WITHOUT_CHIP_ID = 12 };

static bool odd_number_of_bits(uint8_t bits)
{
    bits ^= bits >> 4;
    return (0x6996u >> (bits & 0xF) & 1) != 0;
}

static void decode_security_info(esp_loader_target_security_info_t *info, uint32_t flags, uint8_t flash_crypt_count)
{
    *info = (esp_loader_target_security_info_t){
        .target_chip = ESP_UNKNOWN_CHIP,
        .secure_boot_enabled = (flags >> 0 & 1) != 0,
        .secure_boot_aggressive_revoke_enabled = (flags >> 1 & 1) != 0,
        .secure_download_mode_enabled = (flags >> 2 & 1) != 0,
        .secure_boot_revoked_keys = {(flags >> 3 & 1) != 0, (flags >> 4 & 1) != 0, (flags >> 5 & 1) != 0},
        .jtag_software_disabled = (flags >> 6 & 1) != 0,
        .jtag_hardware_disabled = (flags >> 7 & 1) != 0,
        .usb_disabled = (flags >> 8 & 1) != 0,
        .flash_encryption_enabled = odd_number_of_bits(flash_crypt_count),
        .dcache_in_uart_download_disabled = (flags >> 9 & 1) != 0,
        .icache_in_uart_download_disabled = (flags >> 10 & 1) != 0,
    };
}

esp_loader_error_t reflash_security_info(esp_loader_t *loader, esp_loader_target_security_info_t *info,
                                         uint32_t *chip_id)
{
    RETURN_ON_ERROR(reflash_ask(loader, &(reflash_command_t){.opcode = REFLASH_GET_SECURITY_INFO}));

    const uint8_t *data = reflash_answer_data(loader);
    const bool has_chip_id = loader->_answer_bytes == SECURITY_INFO_BYTES;
    if (!has_chip_id && loader->_answer_bytes != SECURITY_INFO_BYTES_WITHOUT_CHIP_ID) {
        return reflash_fail(loader, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE);
    }
    decode_security_info(info, reflash_get_le32(data), data[4]);
    *chip_id = 0xFFFFFFFF;
    if (has_chip_id) {
        *chip_id = reflash_get_le32(data + 12);
        info->eco_version = reflash_get_le32(data + 16);
    }
    return ESP_LOADER_SUCCESS;
}

/* --- MAC ------------------------------------------------------------------------------------------- */

/* Turn the first two OTP words into what the efuses of later chips hold. The vendor's three bytes are in the last
 * of the four words, or, while that is 0, the second one tells which of two they are. */
static esp_loader_error_t gather_otp_mac(esp_loader_t *loader, uint32_t *low, uint32_t *high)
{
    enum { VENDOR_OFFSET = 12, VENDOR_0 = 0x18FE34, VENDOR_1 = 0xACD074 };

    uint32_t vendor;
    RETURN_ON_ERROR(reflash_read_register(loader, loader->_chip->mac_lo_reg + VENDOR_OFFSET, &vendor));
    if (vendor == 0) {
        const uint32_t number = *high >> 16 & 0xFF;
        if (number > 1) {
            return reflash_fail(loader, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE);
        }
        vendor = number == 0 ? VENDOR_0 : VENDOR_1;
    }
    *low = vendor << 24 | (*high & 0xFFFF) << 8 | *low >> 24;
    *high = vendor >> 8;
    return ESP_LOADER_SUCCESS;
}

/* --- Public ---------------------------------------------------------------------------------------- */

static esp_loader_error_t check_connected(esp_loader_t *loader, bool arguments_are_good)
{
    reflash_begin(loader);
    if (loader->_chip == NULL || !arguments_are_good) {
        return reflash_fail(loader, ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT);
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_write_register(esp_loader_t *loader, uint32_t address, uint32_t value)
{
    RETURN_ON_ERROR(check_connected(loader, true));
    return reflash_write_registers(loader, (const uint32_t[][4]){{address, value, 0xFFFFFFFF, 0}}, 1);
}

esp_loader_error_t esp_loader_read_register(esp_loader_t *loader, uint32_t address, uint32_t *value)
{
    RETURN_ON_ERROR(check_connected(loader, value != NULL));
    return reflash_read_register(loader, address, value);
}

esp_loader_error_t esp_loader_read_mac(esp_loader_t *loader, uint8_t *mac)
{
    RETURN_ON_ERROR(check_connected(loader, mac != NULL));
    uint32_t low;
    uint32_t high;
    RETURN_ON_ERROR(reflash_read_register(loader, loader->_chip->mac_lo_reg, &low));
    RETURN_ON_ERROR(reflash_read_register(loader, loader->_chip->mac_lo_reg + 4, &high));
    if (loader->_chip->mac_layout == REFLASH_MAC_OTP) {
        RETURN_ON_ERROR(gather_otp_mac(loader, &low, &high));
    }
    for (unsigned byte = 0; byte < 4; byte++) {
        mac[5 - byte] = (uint8_t)(low >> (8 * byte));
    }
    mac[1] = (uint8_t)high;
    mac[0] = (uint8_t)(high >> 8);
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_get_security_info(esp_loader_t *loader, esp_loader_target_security_info_t *security_info)
{
    RETURN_ON_ERROR(check_connected(loader, security_info != NULL));
    if (!reflash_knows(loader, REFLASH_GET_SECURITY_INFO)) {
        return reflash_fail(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT);
    }
    uint32_t chip_id;
    RETURN_ON_ERROR(reflash_security_info(loader, security_info, &chip_id));
    security_info->target_chip = (target_chip_t)loader->_chip->target;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_change_transmission_rate(esp_loader_t *loader, uint32_t rate)
{
    /* What peers wait: the ROM sends two more bytes at the old rate before it switches. */
    enum { SETTLE_MS = 50, FIRST_RATE = 115200 };

    RETURN_ON_ERROR(check_connected(loader, rate > 0));
    esp_loader_port_t *port = loader->_port;
    if (port->ops->change_transmission_rate == NULL || !reflash_knows(loader, REFLASH_CHANGE_BAUDRATE)) {
        return reflash_fail(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT);
    }
    /* A stub wants to know the rate before; a ROM would, if the low byte were not 0, take the first word as a raw
     * divider. */
    const uint32_t words[2] = {rate, loader->_stub == NULL ? 0 : loader->_rate != 0 ? loader->_rate : FIRST_RATE};
    RETURN_ON_ERROR(reflash_ask_once(
        loader, &(reflash_command_t){.opcode = REFLASH_CHANGE_BAUDRATE, .words = words, .word_count = 2}));
    port->ops->delay_ms(port, SETTLE_MS);
    if (port->ops->change_transmission_rate(port, rate) != ESP_LOADER_SUCCESS) {
        return reflash_fail(loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_PORT);
    }
    port->ops->delay_ms(port, SETTLE_MS);
    loader->_rate = rate;
    uint32_t magic;
    return reflash_read_register(loader, REFLASH_MAGIC_ADDR, &magic);
}
