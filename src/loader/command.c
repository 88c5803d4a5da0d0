/* SPDX-License-Identifier: Apache-2.0 */
/* Commands: their table, faults, and asking once or until it is answered. */
#include "loader/command.h"

#include <string.h>

#include "transport/transport.h"

enum { ASK_TRIES = 3, ANY_OTHER = 0x00 };

/* How long a slow but healthy target may take. FLASH_BEGIN: worn flash parts take 400 ms a sector and 2 s a
 * 64 KiB block, and the ROM erases 16 to 32 single sectors before and behind the blocks. MD5: the slowest
 * ROM hashes at about 6 s a MiB. Data behind which a stub erases, and what one block of a compressed stream may
 * unfold to: four times what a part takes when it is new. */
typedef struct {
    uint8_t opcode;
    uint8_t data_bytes; /* in the answer, in front of its status */
    uint8_t timeout_100_ms;
    uint8_t s_per_mib; /* of work_bytes, on top */
} command_row_t;

static const command_row_t commands[] = {
    {REFLASH_FLASH_BEGIN, 0, 100, 40},
    {REFLASH_FLASH_DATA, 0, 30, 40},
    {REFLASH_FLASH_END, 0, 30, 40},
    {REFLASH_MEM_DATA, 0, 30, 0},
    {REFLASH_READ_FLASH_SLOW, 64, 10, 0},
    {REFLASH_FLASH_DEFL_BEGIN, 0, 100, 40},
    {REFLASH_FLASH_DEFL_DATA, 0, 30, 24},
    {REFLASH_FLASH_DEFL_END, 0, 30, 24},
    {REFLASH_SPI_FLASH_MD5, 32, 10, 8},
    {REFLASH_GET_SECURITY_INFO, REFLASH_ALL_BUT_STATUS, 10, 0},
    {REFLASH_ERASE_FLASH, 0, 100, 40},
    {REFLASH_ERASE_REGION, 0, 100, 40},
    {ANY_OTHER, 0, 10, 0},
};

/* --- Faults ---------------------------------------------------------------------------------------- */

void reflash_begin(esp_loader_t *loader)
{
    memset(&loader->_fault, 0, sizeof(loader->_fault));
    loader->_fault.boot_pin = REFLASH_NO_PIN;
}

#if SERIAL_FLASHER_LOG_LEVEL >= ESP_LOADER_LOG_ERROR
static void log_fault(esp_loader_t *loader, const char *format, ...)
{
    if (loader->_port != NULL && loader->_port->ops->log != NULL) {
        va_list args;
        va_start(args, format);
        loader->_port->ops->log(loader->_port, ESP_LOADER_LOG_LEVEL_ERROR, format, args);
        va_end(args);
    }
}
#endif

esp_loader_error_t reflash_fail(esp_loader_t *loader, esp_loader_error_t code, reflash_cause_t cause)
{
    loader->_fault.code = (uint8_t)code;
    loader->_fault.cause = (uint8_t)cause;
#if SERIAL_FLASHER_LOG_LEVEL >= ESP_LOADER_LOG_ERROR
    log_fault(loader, "error %d, cause %d, command 0x%02x, target's reason 0x%02x", (int)code, (int)cause,
              loader->_fault.command, loader->_fault.target_reason);
#endif
    return code;
}

esp_loader_error_t reflash_refuse(esp_loader_t *loader, esp_loader_error_t code)
{
    reflash_begin(loader); /* what was asked before has nothing to do with it */
    return reflash_fail(loader, code, REFLASH_CAUSE_ARGUMENT);
}

esp_loader_error_t reflash_begin_connected(esp_loader_t *loader, bool arguments_are_good)
{
    reflash_begin(loader);
    return loader->_chip != NULL && arguments_are_good ? ESP_LOADER_SUCCESS
                                                       : reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
}

esp_loader_error_t reflash_begin_with(esp_loader_t *loader, bool arguments_are_good, uint8_t opcode)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, arguments_are_good));
    return reflash_knows(loader, opcode) ? ESP_LOADER_SUCCESS
                                         : reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
}

reflash_fault_t reflash_last_fault(const esp_loader_t *loader)
{
    const esp_loader_port_ops_t *ops = loader->_port != NULL ? loader->_port->ops : NULL;
    /* Inside, a port that was told to stop is a port that failed: nothing is repeated. */
    const bool stopped = loader->_fault.cause == REFLASH_CAUSE_PORT && ops != NULL && ops->cancelled != NULL &&
                         ops->cancelled(loader->_port);
    return (reflash_fault_t){
        .code = (esp_loader_error_t)loader->_fault.code,
        .cause = stopped ? REFLASH_CAUSE_STOPPED : (reflash_cause_t)loader->_fault.cause,
        .command = loader->_fault.command,
        .target_reason = loader->_fault.target_reason,
        .boot = (reflash_boot_t)loader->_fault.boot,
        .strapping = loader->_fault.strapping,
        .boot_pin = loader->_fault.boot_pin,
    };
}

esp_loader_error_t reflash_fail_to_receive(esp_loader_t *loader, esp_loader_error_t err)
{
    reflash_cause_t cause = REFLASH_CAUSE_SILENCE;
    if (err == ESP_LOADER_SUCCESS) {
        return err;
    }
    if (err == ESP_LOADER_ERROR_INVALID_RESPONSE) {
        cause = REFLASH_CAUSE_NONSENSE;
    } else if (err != ESP_LOADER_ERROR_TIMEOUT) {
        err = ESP_LOADER_ERROR_FAIL;
        cause = REFLASH_CAUSE_PORT;
    }
    return reflash_fail(loader, err, cause);
}

esp_loader_error_t reflash_fail_to_send(esp_loader_t *loader, esp_loader_error_t err)
{
    if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC || err == ESP_LOADER_ERROR_INVALID_PARAM) {
        return reflash_refuse(loader, err);
    }
    return reflash_fail_to_receive(loader, err);
}

esp_loader_error_t reflash_unless_untold(esp_loader_t *loader, esp_loader_error_t err)
{
    if (err != ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
        return err;
    }
    reflash_begin(loader);
    return ESP_LOADER_SUCCESS;
}

/* --- Times ----------------------------------------------------------------------------------------- */

void reflash_set_link(esp_loader_t *loader, const reflash_link_t *link)
{
    loader->_link = link;
}

const reflash_link_t *reflash_link(const esp_loader_t *loader)
{
    static const reflash_link_t by_default = REFLASH_LINK_DEFAULT();
    return loader->_link != NULL ? loader->_link : &by_default;
}

static uint32_t limit_ms(const esp_loader_t *loader, const reflash_request_t *command, const command_row_t *row)
{
    uint32_t timeout_ms = row->timeout_100_ms * 100u;
    uint32_t ms_per_mib = row->s_per_mib * 1000u;
    const reflash_link_t *link = reflash_link(loader);
    const reflash_time_limit_t *limit = link->limits;
    for (unsigned left = link->limit_count; left > 0; left--, limit++) {
        if (limit->command == command->opcode) {
            timeout_ms = limit->timeout_ms;
            ms_per_mib = limit->ms_per_mib;
        }
    }
    if (command->opcode == REFLASH_SYNC) {
        timeout_ms = loader->_sync_ms;
    }
    timeout_ms += (command->work_bytes >> 16) * ms_per_mib / 16;
    /* By quarters, rounded up: the time for a whole large part, times 1000 %, has more than 32 bits. */
    return (timeout_ms + 3) / 4 * link->scale_percent / 25 + link->round_trip_ms;
}

/* --- What the target has --------------------------------------------------------------------------- */

/* Whether secure download mode, if it is on, permits this command: 02 to 04, 08, 0B, 0D, 0F, 14. */
static bool permits(const esp_loader_t *loader, uint8_t opcode)
{
    const uint32_t secure_commands = 0x10A91C;
    return (loader->_locks & REFLASH_SECURE_DOWNLOAD) == 0 || (opcode < 32 && (secure_commands >> opcode & 1) != 0);
}

bool reflash_knows(const esp_loader_t *loader, uint8_t opcode)
{
    return permits(loader, opcode) &&
           (opcode <= loader->_chip->last_opcode || (loader->_stub != NULL && opcode != REFLASH_GET_SECURITY_INFO));
}

/* --- One question ---------------------------------------------------------------------------------- */

static esp_loader_error_t send(esp_loader_t *loader, reflash_request_t *command)
{
    uint8_t checksum = 0;
    if (command->data_bytes > 0) {
        checksum = command->data != NULL ? reflash_checksum(REFLASH_CHECKSUM_SEED, command->data, command->data_bytes)
                                         : REFLASH_CHECKSUM_SEED ^ command->data_xor;
        checksum ^= command->padding_bytes % 2 != 0 ? 0xFF : 0x00;
    }
    reflash_request_header(command->header, command->opcode,
                           (uint16_t)(reflash_request_bytes(command) - REFLASH_HEADER_BYTES), checksum);
    return loader->_transport->send(loader, command, 0);
}

esp_loader_error_t reflash_ask_once(esp_loader_t *loader, reflash_request_t *command)
{
    const command_row_t *row = commands;
    while (row->opcode != command->opcode && row->opcode != ANY_OTHER) {
        row++;
    }
    reflash_begin(loader);
    if (!permits(loader, command->opcode)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    loader->_fault.command = command->opcode;

    loader->_limit_ms = limit_ms(loader, command, row);
    loader->_port->ops->start_timer(loader->_port, loader->_limit_ms);

    esp_loader_error_t err = send(loader, command);
    if (err == ESP_LOADER_SUCCESS) {
        const bool raw_digest = command->opcode == REFLASH_SPI_FLASH_MD5 && loader->_stub != NULL;
        err = reflash_await_answer(loader, command->opcode, raw_digest ? REFLASH_DIGEST_BYTES : row->data_bytes);
    }
    if (err == ESP_LOADER_SUCCESS) {
        reflash_begin(loader);
    }
    return err;
}

/* Not MEM_END, after which the program may run already; not the ends of a flash write, 04 and 12: the answer of a second
 * time would hide that of the first; and SYNC and CHANGE_BAUDRATE are repeated by those who ask, in their own way. */
static bool may_be_repeated(uint8_t opcode)
{
    const uint32_t once = 0x48150;
    return opcode >= 32 || (once >> opcode & 1) == 0;
}

esp_loader_error_t reflash_ask_work(esp_loader_t *loader, uint8_t opcode, const uint32_t *words, uint8_t word_count,
                                    uint32_t work_bytes)
{
    enum { STRAY_FRAMES = 16 };

    reflash_request_t request = {.opcode = opcode, .words = words, .word_count = word_count, .work_bytes = work_bytes};
    for (unsigned tries = may_be_repeated(opcode) ? 1 : ASK_TRIES;; tries++) {
        const esp_loader_error_t err = reflash_ask_once(loader, &request);
        /* A refusal is no exception, the question's address or size may have been damaged on the wire; but security
         * info has neither. Whoever was silent for as long as much flash takes has been waited for long enough. */
        const uint8_t cause = loader->_fault.cause;
        if (err == ESP_LOADER_SUCCESS || tries == ASK_TRIES || cause == REFLASH_CAUSE_PORT ||
            cause == REFLASH_CAUSE_ARGUMENT || (cause == REFLASH_CAUSE_SILENCE && request.work_bytes >> 16 != 0) ||
            (cause == REFLASH_CAUSE_REFUSED && opcode == REFLASH_GET_SECURITY_INFO)) {
            return err;
        }
        reflash_drain(loader, STRAY_FRAMES);
        /* A stub that lost an end byte takes every frame for the gap between two until a lone end byte comes. In step
         * with it that same byte would put it out, so it is the last resort. */
        if (loader->_stub != NULL && tries == ASK_TRIES - 1 && cause == REFLASH_CAUSE_SILENCE) {
            (void)reflash_send_words(loader, NULL, 0);
        }
    }
}

esp_loader_error_t reflash_ask(esp_loader_t *loader, uint8_t opcode, const uint32_t *words, uint8_t word_count)
{
    return reflash_ask_work(loader, opcode, words, word_count, 0);
}
