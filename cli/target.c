/* SPDX-License-Identifier: Apache-2.0 */
#include "target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static target_result_t fail(target_result_t result, char *message, size_t message_bytes, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static target_result_t fail(target_result_t result, char *message, size_t message_bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, message_bytes, format, args);
    va_end(args);
    return result;
}

/* --- The kinds of port ------------------------------------------------------------------------------ */

/* "CHIP?NAME=VALUE&...", cut up in target->text. */
static target_result_t open_sim(target_t *target, char *rest, char *message, size_t message_bytes)
{
    espsim_settings_t settings = espsim_settings_default();
    char reason[400];
    char *state = NULL;
    const char *chip = strtok_r(rest, "?", &state);
    if (!espsim_settings_set(&settings, "chip", chip != NULL ? chip : "", reason, sizeof(reason))) {
        return fail(TARGET_USAGE, message, message_bytes, "sim:%s: %s", chip != NULL ? chip : "", reason);
    }
    for (char *name; (name = strtok_r(NULL, "&", &state)) != NULL;) {
        char *value = strchr(name, '=');
        if (value != NULL) {
            *value++ = '\0';
        }
        if (!espsim_settings_set(&settings, name, value != NULL ? value : "", reason, sizeof(reason))) {
            return fail(TARGET_USAGE, message, message_bytes, "sim:%s: %s", chip, reason);
        }
    }
    target->sim = espsim_settings_create(&settings, &target->flash, message, message_bytes);
    if (target->sim == NULL) {
        return TARGET_FAILED;
    }
    if (espsim_faults_are_random(&settings.faults)) {
        (void)fprintf(stderr, "espsim: seed %u\n", settings.faults.seed);
    }
    target->sim_port = (espsim_port_t){.port = {&espsim_port_ops}, .sim = target->sim, .baud = TARGET_FIRST_BAUD};
    target->port = &target->sim_port.port;
    return TARGET_OK;
}

static target_result_t open_socket(target_t *target, char *rest, char *message, size_t message_bytes)
{
    if (!espsim_tcp_split(rest, target->host, sizeof(target->host), target->service, sizeof(target->service))) {
        return fail(TARGET_USAGE, message, message_bytes, "socket://%s: it takes HOST:PORT, with a port up to 65535",
                    rest);
    }
    target->socket = (socket_port_t){
        ._stream = {.port = {&socket_port_ops}, .fd = -1}, .host = target->host, .service = target->service};
    target->port = &target->socket.port;
    target->stream = &target->socket._stream;
    return TARGET_OK;
}

static target_result_t open_rfc2217(target_t *target, char *rest, char *message, size_t message_bytes)
{
    if (!espsim_tcp_split(rest, target->host, sizeof(target->host), target->service, sizeof(target->service))) {
        return fail(TARGET_USAGE, message, message_bytes, "rfc2217://%s: it takes HOST:PORT, with a port up to 65535",
                    rest);
    }
    target->rfc2217 = (rfc2217_port_t){._stream = {.port = {&rfc2217_port_ops}, .fd = -1},
                                       .host = target->host,
                                       .service = target->service,
                                       .baudrate = TARGET_FIRST_BAUD};
    target->port = &target->rfc2217.port;
    target->stream = &target->rfc2217._stream;
    return TARGET_OK;
}

static target_result_t open_tty(target_t *target, char *rest, char *message, size_t message_bytes)
{
    (void)message;
    (void)message_bytes;
    target->tty = (linux_port_t){._stream = {.port = {&linux_uart_ops}, .fd = -1},
                                 .device = rest,
                                 .baudrate = TARGET_FIRST_BAUD,
                                 .gpio_mode = LINUX_GPIO_DTR_RTS};
    target->port = &target->tty.port;
    target->stream = &target->tty._stream;
    return TARGET_OK;
}

static const struct {
    const char *prefix;
    target_result_t (*open)(target_t *target, char *rest, char *message, size_t message_bytes);
} kinds[] = {
    {"sim:", open_sim}, {"socket://", open_socket}, {"rfc2217://", open_rfc2217}, {"/", open_tty}, {"./", open_tty}};

/* Boot and reset, as the board is wired. */
static target_result_t wire(target_t *target, const char *name, const wiring_t *wiring, char *message,
                            size_t message_bytes)
{
    target->tty.lines = wiring->lines;
    target->rfc2217.lines = wiring->lines;
    if (wiring->gpio_chip[0] == '\0') {
        return TARGET_OK;
    }
    if (target->port != &target->tty.port) {
        return fail(TARGET_USAGE, message, message_bytes,
                    "port %s: --boot-line and --reset-line go with a serial device of this computer", name);
    }
    if (access(wiring->gpio_chip, R_OK | W_OK) != 0) {
        const int reason = errno;
        return fail(TARGET_FAILED, message, message_bytes, "cannot open %s: %s%s", wiring->gpio_chip, strerror(reason),
                    reason == EACCES   ? "; add yourself to the group that owns it (often 'gpio')"
                    : reason == ENOENT ? "; 'gpiodetect' lists those that there are"
                                       : "");
    }
    target->tty.gpio_mode = LINUX_GPIO_GPIOD;
    target->tty.gpio_chip_path = wiring->gpio_chip;
    target->tty.boot_pin = wiring->boot_pin;
    target->tty.reset_pin = wiring->reset_pin;
    return TARGET_OK;
}

static const char *advice(int reason)
{
    return reason == EACCES    ? "; add yourself to the group that owns it (often 'dialout')"
           : reason == EBUSY   ? "; another program uses it"
           : reason == ENOENT  ? "; is the board plugged in?"
           : reason == EPROTO  ? "; no answer in RFC 2217, try socket://"
           : reason == ENOTSUP ? "; this program was built without libgpiod"
                               : "";
}

/* The driver switches before it returns, and a SYNC proves the rate, so that the default wait may be cut. */
static const reflash_link_t near_link = {
    .first_baud = TARGET_FIRST_BAUD, .scale_percent = 100, .quiet_ms = 50, .settle_ms = 10};

target_result_t target_open(target_t *target, const char *name, const wiring_t *wiring, char *message,
                            size_t message_bytes)
{
    memset(target, 0, sizeof(*target));
    const size_t name_bytes = strlen(name) + 1;
    if (name_bytes > sizeof(target->text)) {
        return fail(TARGET_USAGE, message, message_bytes, "the port's name is too long");
    }
    memcpy(target->text, name, name_bytes);
    target_result_t result = fail(
        TARGET_USAGE, message, message_bytes,
        "port '%s' is of no known kind; use /dev/ttyUSB0, rfc2217://HOST:PORT, socket://HOST:PORT or sim:esp32", name);
    for (size_t row = 0; row < sizeof(kinds) / sizeof(kinds[0]); row++) {
        const size_t prefix_bytes = strlen(kinds[row].prefix);
        if (strncmp(name, kinds[row].prefix, prefix_bytes) == 0) {
            char *rest = target->text + (name[prefix_bytes - 1] == '/' && prefix_bytes < 3 ? 0 : prefix_bytes);
            result = kinds[row].open(target, rest, message, message_bytes);
            break;
        }
    }
    if (result == TARGET_OK) {
        result = wire(target, name, wiring, message, message_bytes);
    }
    if (result != TARGET_OK) {
        target_close(target); /* a virtual one may be there already */
        return result;
    }
    target->opened_ms = reflash_stream_now_ms();
    target->baud = TARGET_FIRST_BAUD;
    errno = 0;
    if (esp_loader_init_serial(&target->loader, target->port) != ESP_LOADER_SUCCESS) {
        const int reason = errno;
        target_close(target);
        return fail(TARGET_FAILED, message, message_bytes, "cannot open %s%s%s: %s%s", name,
                    wiring->gpio_chip[0] != '\0' ? " or its lines of " : "", wiring->gpio_chip,
                    reason == EHOSTUNREACH ? "that host is not known or not reached" : strerror(reason),
                    advice(reason));
    }
    if (target_is_near(target)) {
        reflash_set_link(&target->loader, &near_link);
    }
    return TARGET_OK;
}

void target_let_cancel(target_t *target, bool (*cancelled)(esp_loader_port_t *port))
{
    if (target->stream != NULL) {
        target->ops = *target->port->ops;
        target->ops.cancelled = cancelled;
        target->port->ops = &target->ops;
    }
}

void target_close(target_t *target)
{
    if (target->port != NULL) {
        esp_loader_deinit(&target->loader);
    }
    espsim_destroy(target->sim);
    espsim_flash_close(&target->flash);
    memset(target, 0, sizeof(*target));
}

/* --- Talking ------------------------------------------------------------------------------------------------- */

static esp_loader_error_t set_host_baud(target_t *target, uint32_t baud)
{
    if (target->baud == baud || target->port->ops->change_transmission_rate == NULL) {
        return ESP_LOADER_SUCCESS;
    }
    target->baud = baud;
    return target->port->ops->change_transmission_rate(target->port, baud);
}

/* One trial at a time, so that somebody who gives up need not wait for all of them. Chips learn the rate from the first
 * SYNC and do not answer it. Most boards are met a tenth of a second sooner if the first trial neither waits long for that
 * answer nor holds reset for as long as those with a large capacitor want it. */
static esp_loader_error_t connect_unless(target_t *target, const volatile int *stop)
{
    enum { NEAR_SYNC_MS = 20 };
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    const int32_t trials = args.trials;
    const uint32_t usual_ms = args.sync_timeout;
    esp_loader_error_t err = ESP_LOADER_ERROR_TIMEOUT;
    unsigned unknown_chips = 0;
    reflash_lines_style_t *style = &target->tty.lines.style;
    const reflash_lines_style_t usual_style = *style;
    args.trials = 1;
    if (target_is_near(target)) {
        args.sync_timeout = NEAR_SYNC_MS;
        *style = usual_style == REFLASH_LINES_CLASSIC ? REFLASH_LINES_QUICK : usual_style;
    }
    bool runs_stub = false;
    for (int32_t trial = 0; trial < trials && !*stop && unknown_chips < 2; trial++) {
        if (runs_stub && target->takes_stub) {
            err = esp_loader_connect_with_stub(&target->loader, &args);
            target->has_stub = err == ESP_LOADER_SUCCESS;
        } else if (target->secure_flash_bytes == 0) {
            err = esp_loader_connect(&target->loader, &args);
        } else {
            err = esp_loader_connect_secure_download_mode(&target->loader, &args, target->secure_flash_bytes);
        }
        *style = usual_style;
        if (err == ESP_LOADER_SUCCESS || reflash_last_fault(&target->loader).cause == REFLASH_CAUSE_PORT) {
            break;
        }
        unknown_chips += err == ESP_LOADER_ERROR_INVALID_TARGET ? 1 : 0; /* once may be a damaged answer */
        runs_stub = reflash_last_fault(&target->loader).boot == REFLASH_BOOT_STUB;
        args.sync_timeout = usual_ms;
    }
    return err;
}

/* Over the chip's own USB they would bite. A chip without any is none to worry about. */
static esp_loader_error_t calm_watchdogs(target_t *target)
{
    if (target->tty.lines.style != REFLASH_LINES_USB) {
        return ESP_LOADER_SUCCESS;
    }
    const esp_loader_error_t err = reflash_disable_watchdogs(&target->loader);
    return err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC ? ESP_LOADER_SUCCESS : err;
}

esp_loader_error_t target_connect(target_t *target, const volatile int *stop)
{
    target->has_stub = false;
    RETURN_ON_ERROR(set_host_baud(target, TARGET_FIRST_BAUD));
    RETURN_ON_ERROR(connect_unless(target, stop));
    return calm_watchdogs(target);
}

/* A loader keeps its rate if it does not know how to change it, or if the line is no good at the new one. Both are only
 * slower. */
static esp_loader_error_t try_baud(target_t *target, uint32_t baud, bool *raised)
{
    const uint32_t before = target->baud;
    target->baud = baud;
    const esp_loader_error_t err = esp_loader_change_transmission_rate(&target->loader, baud);
    *raised = err == ESP_LOADER_SUCCESS;
    if (*raised) {
        return ESP_LOADER_SUCCESS;
    }
    target->baud = before;
    return esp_loader_get_target(&target->loader) != ESP_UNKNOWN_CHIP ? ESP_LOADER_SUCCESS : err;
}

/* A rate that lets one SYNC through may still damage every tenth answer. Then one of these words is another, or was asked
 * for again by the library, which takes more bytes than the others. */
static bool line_is_good(target_t *target)
{
    enum { QUESTIONS = 32, MAGIC_ADDR = 0x40001000 };
    uint64_t usual_bytes = 0;
    uint32_t usual_word = 0;
    for (unsigned question = 0; question < QUESTIONS; question++) {
        const uint64_t before = target_bytes_sent(target);
        uint32_t word;
        if (esp_loader_read_register(&target->loader, MAGIC_ADDR, &word) != ESP_LOADER_SUCCESS) {
            return false;
        }
        const uint64_t bytes = target_bytes_sent(target) - before;
        if (question > 0 && (bytes != usual_bytes || word != usual_word)) {
            return false;
        }
        usual_bytes = bytes;
        usual_word = word;
    }
    return true;
}

bool target_is_near(const target_t *target)
{
    return target->port == &target->tty.port || target->sim != NULL;
}

uint32_t target_settle_ms(const target_t *target)
{
    const reflash_link_t usual = REFLASH_LINK_DEFAULT();
    return (target_is_near(target) ? near_link : usual).settle_ms;
}

uint32_t target_baud_below(uint32_t baud)
{
    static const uint32_t rates[] = {2000000, 1500000, 921600, 460800, 230400};
    for (size_t row = 0; row < sizeof(rates) / sizeof(rates[0]); row++) {
        if (rates[row] < baud) {
            return rates[row];
        }
    }
    return TARGET_FIRST_BAUD;
}

esp_loader_error_t target_raise_baud(target_t *target, uint32_t baud)
{
    if (target->port->ops->change_transmission_rate == NULL) {
        return ESP_LOADER_SUCCESS;
    }
    const bool search = baud == TARGET_HIGHEST_BAUD;
    uint32_t next = search ? target_baud_below(baud) : baud;
    for (bool done = next == target->baud; !done; next = target_baud_below(next)) {
        bool raised;
        RETURN_ON_ERROR(try_baud(target, next, &raised));
        const bool cannot = reflash_last_fault(&target->loader).cause == REFLASH_CAUSE_ARGUMENT;
        done = !search || cannot || next == TARGET_FIRST_BAUD || (raised && line_is_good(target));
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t target_start_stub(target_t *target)
{
    const esp_loader_error_t err = reflash_stub_start(&target->loader);
    target->has_stub = err == ESP_LOADER_SUCCESS;
    return err;
}

void target_reset(target_t *target)
{
    (void)set_host_baud(target, TARGET_FIRST_BAUD);
    esp_loader_reset_target(&target->loader);
}

/* At the first rate from the command on: what is printed is there before the library returns. */
esp_loader_error_t target_reset_by_watchdog(target_t *target)
{
    if (target->baud != TARGET_FIRST_BAUD) {
        RETURN_ON_ERROR(esp_loader_change_transmission_rate(&target->loader, TARGET_FIRST_BAUD));
        target->baud = TARGET_FIRST_BAUD;
    }
    return reflash_reset_by_watchdog(&target->loader);
}

bool target_listen_at(target_t *target, uint32_t baud)
{
    return target->baud == baud ||
           (target->port->ops->change_transmission_rate != NULL && set_host_baud(target, baud) == ESP_LOADER_SUCCESS);
}

size_t target_listen(target_t *target, uint8_t *buf, size_t capacity, bool *ended)
{
    enum { QUIET_MS = 200 };
    *ended = false;
    if (target->sim != NULL) {
        const size_t count = espsim_port_listen(&target->sim_port, buf, capacity, QUIET_MS);
        *ended = count == 0 && espsim_next_event(target->sim) == UINT64_MAX;
        return count;
    }
    size_t count = 0;
    esp_loader_error_t err = target->port->ops->read(target->port, buf, 1, QUIET_MS);
    while (err == ESP_LOADER_SUCCESS && ++count < capacity) {
        err = target->port->ops->read(target->port, buf + count, 1, 0);
    }
    *ended = count == 0 && err == ESP_LOADER_ERROR_FAIL;
    return count;
}

double target_seconds(const target_t *target)
{
    return target->sim != NULL ? (double)espsim_now(target->sim) / 1e9
                               : (double)(reflash_stream_now_ms() - target->opened_ms) / 1e3;
}

uint64_t target_bytes_sent(const target_t *target)
{
    return target->sim != NULL ? espsim_stats(target->sim)->bytes_to_target : target->stream->sent_bytes;
}

uint64_t target_bytes_received(const target_t *target)
{
    return target->sim != NULL ? espsim_stats(target->sim)->bytes_from_target : target->stream->received_bytes;
}

/* --- Explaining ------------------------------------------------------------------------------------------------ */

static const char *reason_text(uint8_t reason)
{
    static const struct {
        uint8_t reason;
        const char *text;
    } rows[] = {
        {0x05, "malformed or unknown request"},
        {0x06, "it failed to act, such as erasing beyond the flash's end"},
        {0x07, "wrong checksum"},
        {0x08, "what it wrote reads back differently"},
        {0x09, "beyond the flash's end"},
        {0x0A, "read too long"},
        {0x0B, "damaged compressed data"},
        {0x0C, "damaged compressed data"},
        {0x0D, "damaged compressed data"},
        {0x64, "it may not encrypt, or not there"},
        {0xC0, "a request of the wrong length"}, /* from here on RAM stubs */
        {0xC1, "wrong checksum"},
        {0xC2, "blocks of a size that it does not take"},
        {0xC3, "unknown request"},
        {0xC4, "the flash part did not do it"},
        {0xC5, "the flash part stays locked"},
        {0xC6, "data without a write that was begun"},
        {0xC7, "damaged compressed data"},
        {0xC8, "fewer data than announced"},
        {0xC9, "more data than announced"},
        {0xFF, "it has no such command"},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (rows[row].reason == reason) {
            return rows[row].text;
        }
    }
    return "no reason that is known";
}

/* What the target did instead of answering, and what to do about it. */
static void explain_boot(const reflash_fault_t *fault, char *message, size_t message_bytes)
{
    static const char *const texts[] = {
        [REFLASH_BOOT_SILENT] = "no answer from a loader, and nothing was printed; is the target powered and wired (TX "
                                "to RX), and does no other program use the port?",
        [REFLASH_BOOT_UNREADABLE] = "what the target prints cannot be read: it talks at another rate (an ESP8266 at "
                                    "74880 baud), or its ground is not connected",
        [REFLASH_BOOT_NO_BANNER] = "something prints text but was not reset; is RESET wired to RTS? Otherwise hold "
                                   "BOOT, press RESET, and try again with --before no-reset",
        [REFLASH_BOOT_DEAF] = "the target waits in its loader but does not hear this host; check the wire from TX to "
                              "its RX",
        [REFLASH_BOOT_OTHER_MODE] = "the target started in a mode that is neither its loader nor its flash; check its "
                                    "strapping pins",
        [REFLASH_BOOT_FROM_FLASH] = "the target started its application instead of its loader; its boot pin has to be "
                                    "low while RESET rises",
        [REFLASH_BOOT_NO_PROGRAM] = "the target started from its flash, which holds no program, instead of its loader; "
                                    "its boot pin has to be low while RESET rises",
        [REFLASH_BOOT_LOOP] = "the target resets again and again by itself; check its supply and its RESET pin",
        [REFLASH_BOOT_DISABLED] =
            "the efuses of this target forbid its loader; it cannot be flashed over a serial line",
        [REFLASH_BOOT_BROWN_OUT] = "the supply of the target breaks down (brown-out); try another cable, USB port or "
                                   "power supply",
        [REFLASH_BOOT_STUB] =
            "the target was not reset: a RAM stub of an earlier job answers, where this needs its mask "
            "ROM. Press RESET while BOOT is held",
    };
    int used = snprintf(message, message_bytes, "%s", texts[fault->boot]);
    const bool strap = fault->boot >= REFLASH_BOOT_OTHER_MODE && fault->boot <= REFLASH_BOOT_NO_PROGRAM;
    if (strap && fault->boot_pin != REFLASH_NO_PIN && used >= 0 && (size_t)used < message_bytes) {
        used += snprintf(message + used, message_bytes - (size_t)used, " (GPIO%u)", (unsigned)fault->boot_pin);
    }
    if (fault->strapping != 0 && used >= 0 && (size_t)used < message_bytes) {
        (void)snprintf(message + used, message_bytes - (size_t)used, " [boot:0x%x]", (unsigned)fault->strapping);
    }
}

static void explain_unsupported(const target_t *target, char *message, size_t message_bytes)
{
    reflash_target_t chip = {.name = ""};
    (void)reflash_describe_target(&target->loader, &chip);
    if (chip.secure_download) {
        (void)snprintf(message, message_bytes,
                       "the target is in secure download mode: its loader neither reads nor compares flash, and starts "
                       "no program in RAM. It takes plain writes: flash and erase, with --flash-size to tell its size");
    } else if (!chip.has_digests) {
        (void)snprintf(message, message_bytes,
                       "the loader in the ROM of this chip cannot do that: it has no command to read or compare flash "
                       "content, so nothing was written. A RAM stub can: leave --no-stub out");
    } else {
        (void)snprintf(message, message_bytes, "the loader of this chip cannot do that");
    }
}

void target_explain(target_t *target, esp_loader_error_t err, char *message, size_t message_bytes)
{
    const reflash_fault_t fault = reflash_last_fault(&target->loader);
    const bool unanswered = fault.cause == REFLASH_CAUSE_SILENCE || fault.cause == REFLASH_CAUSE_NONSENSE;
    if (unanswered && esp_loader_get_target(&target->loader) == ESP_UNKNOWN_CHIP) {
        explain_boot(&fault, message, message_bytes);
        return;
    }
    switch (fault.cause) {
    case REFLASH_CAUSE_SILENCE:
        (void)snprintf(message, message_bytes,
                       "the target stopped answering (command 0x%02x); check power and cable, or try a lower rate "
                       "with -b",
                       fault.command);
        break;
    case REFLASH_CAUSE_REFUSED:
        (void)snprintf(message, message_bytes, "the target refused command 0x%02x: 0x%02x, %s", fault.command,
                       fault.target_reason, reason_text(fault.target_reason));
        break;
    case REFLASH_CAUSE_NONSENSE:
        (void)snprintf(message, message_bytes,
                       "what came back makes no sense (command 0x%02x); is it in its loader? Try a lower rate with -b",
                       fault.command);
        break;
    case REFLASH_CAUSE_PORT:
        (void)snprintf(message, message_bytes, "the port failed; was the adapter unplugged or the connection closed?");
        break;
    case REFLASH_CAUSE_UNKNOWN_CHIP:
        (void)snprintf(message, message_bytes, "a loader answers, but its chip is none that this version knows");
        break;
    case REFLASH_CAUSE_UNKNOWN_FLASH:
        (void)snprintf(message, message_bytes,
                       "no flash part answers, or its id does not tell its size; check its wiring");
        break;
    case REFLASH_CAUSE_DIGEST_MISMATCH:
        (void)snprintf(message, message_bytes,
                       "what went over the line is not what the target says that it holds; try a lower rate with -b, "
                       "or the flash part is worn or protected");
        break;
    default:
        if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
            explain_unsupported(target, message, message_bytes);
            break;
        }
        if (err == ESP_LOADER_ERROR_IMAGE_SIZE) {
            (void)snprintf(message, message_bytes, "that range leaves the target's flash");
            break;
        }
        (void)snprintf(message, message_bytes, "it was not possible (error %d)", (int)err);
        break;
    }
}
