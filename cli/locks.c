/* SPDX-License-Identifier: Apache-2.0 */
/* Security info tells most; an ESP32, which does not know that question, shows its efuses. Public efuse definitions. */
#include "locks.h"

#include <stdio.h>

#include "chip_formats.h"
#include "espsim.h"
#include "reflash.h"

/* --- Revisions --------------------------------------------------------------------------------------------------- */

/* Bits of an efuse word, counted from the one that begins the MAC. 0 bits: there is no such field. */
typedef struct {
    uint8_t word, shift, bits;
} field_t;

/* A number may be in two pieces, the lower one first. */
typedef struct {
    uint8_t chip_id;
    field_t minor, minor_high, major, major_high;
    bool minor_0_is_0_0; /* the first chips used the other bits for something else */
} revision_row_t;

static const revision_row_t revision_rows[] = {
    {.chip_id = 2, .minor = {4, 4, 3}, .minor_high = {3, 20, 1}, .major = {3, 18, 2}},
    {.chip_id = 5, .minor = {3, 18, 3}, .minor_high = {5, 23, 1}, .major = {5, 24, 2}},
    {.chip_id = 9, .minor = {3, 18, 3}, .minor_high = {5, 23, 1}, .major = {5, 24, 2}, .minor_0_is_0_0 = true},
    {.chip_id = 12, .minor = {1, 16, 4}, .major = {1, 20, 2}},
    {.chip_id = 13, .minor = {3, 18, 4}, .major = {3, 22, 2}},
    {.chip_id = 16, .minor = {3, 18, 3}, .major = {3, 21, 2}},
    {.chip_id = 18, .minor = {2, 0, 4}, .major = {2, 4, 2}, .major_high = {2, 23, 1}},
    {.chip_id = 20, .minor = {2, 0, 4}, .major = {2, 4, 2}},
    {.chip_id = 23, .minor = {2, 0, 4}, .major = {2, 4, 2}},
};

static esp_loader_error_t read_field(esp_loader_t *loader, uint32_t base_addr, const field_t *field, uint32_t *value)
{
    *value = 0;
    if (field->bits == 0) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(esp_loader_read_register(loader, base_addr + 4u * field->word, value));
    *value = *value >> field->shift & ((1u << field->bits) - 1);
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read_by_row(esp_loader_t *loader, uint32_t base_addr, const revision_row_t *row,
                                      uint32_t *revision)
{
    const field_t *const fields[] = {&row->minor, &row->minor_high, &row->major, &row->major_high};
    uint32_t values[4];
    for (unsigned at = 0; at < 4; at++) {
        RETURN_ON_ERROR(read_field(loader, base_addr, fields[at], &values[at]));
    }
    const uint32_t minor = values[1] << row->minor.bits | values[0];
    const uint32_t major = values[3] << row->major.bits | values[2];
    *revision = row->minor_0_is_0_0 && values[0] == 0 ? 0 : 100 * major + minor;
    return ESP_LOADER_SUCCESS;
}

/* Three bits in three places make the major number of an ESP32. */
static esp_loader_error_t read_esp32_revision(esp_loader_t *loader, uint32_t *revision)
{
    enum { WORD_3 = 0x3FF5A00C, WORD_5 = 0x3FF5A014, APB_DATE = 0x3FF6607C };
    static const uint8_t majors[] = {0, 1, 0, 2, 0, 0, 0, 3};
    uint32_t word3, word5, date;
    RETURN_ON_ERROR(esp_loader_read_register(loader, WORD_3, &word3));
    RETURN_ON_ERROR(esp_loader_read_register(loader, WORD_5, &word5));
    RETURN_ON_ERROR(esp_loader_read_register(loader, APB_DATE, &date));
    *revision = 100u * majors[(date >> 31) << 2 | (word5 >> 20 & 1) << 1 | (word3 >> 15 & 1)] + (word5 >> 24 & 3);
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read_revision(esp_loader_t *loader, const reflash_chip_t *chip, uint32_t *revision)
{
    enum { ESP32_CHIP_ID = 0 };
    if (chip->chip_id == ESP32_CHIP_ID) {
        return read_esp32_revision(loader, revision);
    }
    for (size_t row = 0; row < sizeof(revision_rows) / sizeof(revision_rows[0]); row++) {
        if (revision_rows[row].chip_id == chip->chip_id) {
            return read_by_row(loader, chip->mac_lo_reg, &revision_rows[row], revision);
        }
    }
    return ESP_LOADER_SUCCESS;
}

/* --- Locks ------------------------------------------------------------------------------------------------------- */

static esp_loader_error_t read_esp32_locks(esp_loader_t *loader, locks_t *locks)
{
    enum {
        WORD_0 = 0x3FF5A000,
        WORD_6 = 0x3FF5A018,
        CRYPT_COUNT_SHIFT = 20,
        CRYPT_COUNT_BITS = 7,
        NO_MANUAL_ENCRYPTION = 1 << 7,
        FIRST_SECURE_BOOT = 1 << 4,
        SECOND_SECURE_BOOT = 1 << 5
    };
    uint32_t word0, word6;
    RETURN_ON_ERROR(esp_loader_read_register(loader, WORD_0, &word0));
    RETURN_ON_ERROR(esp_loader_read_register(loader, WORD_6, &word6));
    for (unsigned bit = 0; bit < CRYPT_COUNT_BITS; bit++) { /* an odd number of bits is on */
        locks->encryption ^= (word0 >> (CRYPT_COUNT_SHIFT + bit) & 1) != 0;
    }
    locks->no_manual_encryption = (word6 & NO_MANUAL_ENCRYPTION) != 0;
    locks->first_secure_boot = (word6 & FIRST_SECURE_BOOT) != 0;
    locks->secure_boot = (word6 & (FIRST_SECURE_BOOT | SECOND_SECURE_BOOT)) != 0;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read_later_locks(esp_loader_t *loader, const char *chip_name, locks_t *locks)
{
    esp_loader_target_security_info_t info;
    RETURN_ON_ERROR(esp_loader_get_security_info(loader, &info));
    locks->encryption = info.flash_encryption_enabled;
    locks->secure_boot = info.secure_boot_enabled;
    const reflash_rom_t *rom = espsim_rom_by_name(chip_name); /* knows the efuses' layout */
    if (locks->encryption && !locks->secure_download && rom != NULL && rom->security != NULL) {
        const reflash_efuse_bits_t *efuse = &rom->security->no_manual_encrypt;
        uint32_t word;
        RETURN_ON_ERROR(esp_loader_read_register(loader, rom->efuse_addr + 4u * efuse->word, &word));
        locks->no_manual_encryption = (word & efuse->bits) != 0;
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t locks_read(esp_loader_t *loader, locks_t *locks)
{
    reflash_target_t target = {.name = ""};
    (void)reflash_describe_target(loader, &target);
    const reflash_chip_t *chip = reflash_chip_by_target(target.target);
    *locks = (locks_t){.secure_download = target.secure_download, .revision = LOCKS_REVISION_UNKNOWN};
    if (target.target == ESP8266_CHIP || chip == NULL) {
        return ESP_LOADER_SUCCESS; /* it has no locks */
    }
    RETURN_ON_ERROR(target.target == ESP32_CHIP ? read_esp32_locks(loader, locks)
                                                : read_later_locks(loader, target.name, locks));
    return locks->secure_download ? ESP_LOADER_SUCCESS : read_revision(loader, chip, &locks->revision);
}

void locks_text(const locks_t *locks, char *text, size_t text_bytes)
{
    const struct {
        bool is_on;
        const char *name;
    } rows[] = {{locks->encryption, "flash encryption"},
                {locks->secure_boot, "secure boot"},
                {locks->secure_download, "secure download mode"}};
    size_t used = 0;
    text[0] = '\0';
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]) && used < text_bytes; row++) {
        if (rows[row].is_on) {
            used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? ", " : "", rows[row].name);
        }
    }
}
