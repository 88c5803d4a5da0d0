/* SPDX-License-Identifier: Apache-2.0 */
/* The server's half of RFC 2217. Bytes are those of RFC 854 (commands), 855 (options and subnegotiation), 856
 * (binary), 858 (suppress go ahead) and 2217 (COM-PORT, option 44), written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rfc2217.h"

/* What the server did, in order: ">" bytes for the client, "d" a byte for the line, "b" rate, "l" lines, "p" purge. */
typedef struct {
    espsim_rfc2217_t server;
    char log[4096];
    size_t used;
} session_t;

static void note(session_t *session, const char *text)
{
    const size_t bytes = strlen(text);
    assert_true(session->used + bytes < sizeof(session->log));
    memcpy(session->log + session->used, text, bytes + 1);
    session->used += bytes;
}

static void on_send(void *context, const uint8_t *bytes, size_t count)
{
    char text[8];
    assert_true(count > 0 && count <= ESPSIM_RFC2217_BLOCK_BYTES);
    note(context, ">");
    for (size_t at = 0; at < count; at++) {
        (void)snprintf(text, sizeof(text), "%02x", bytes[at]);
        note(context, text);
    }
    note(context, " ");
}

static void on_data(void *context, uint8_t byte)
{
    char text[8];
    (void)snprintf(text, sizeof(text), "d%02x ", byte);
    note(context, text);
}

static void on_baud(void *context, uint32_t baud)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "b%u ", baud);
    note(context, text);
}

static void on_lines(void *context, bool dtr, bool rts)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "l%d%d ", dtr, rts);
    note(context, text);
}

static void on_purge(void *context, bool from_line, bool to_line)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "p%d%d ", from_line, to_line);
    note(context, text);
}

static const espsim_rfc2217_events_t events = {
    .send = on_send, .data = on_data, .baud = on_baud, .lines = on_lines, .purge = on_purge};

static void forget(session_t *session)
{
    session->used = 0;
    session->log[0] = '\0';
}

static void open_session(session_t *session)
{
    forget(session);
    espsim_rfc2217_open(&session->server, &events, session, 115200);
}

/* An opened session whose greeting is over. */
static void begin(session_t *session)
{
    open_session(session);
    forget(session);
}

static void push(session_t *session, const char *hex)
{
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += hex[2] == ' ' ? 3 : 2) {
        espsim_rfc2217_push(&session->server, (uint8_t)byte);
    }
}

/* `hex` from the client makes the server do `wanted`, and nothing else. */
static void expect(session_t *session, const char *hex, const char *wanted)
{
    forget(session);
    push(session, hex);
    assert_string_equal(session->log, wanted);
}

/* --- Options ---------------------------------------------------------------------------------------------------- */

static void a_new_connection_is_asked_for_what_a_serial_port_wants(void **state)
{
    (void)state;
    session_t s;
    open_session(&s);
    /* DO and WILL BINARY, DO and WILL SUPPRESS-GO-AHEAD, DO COM-PORT */
    assert_string_equal(s.log, ">fffd00 >fffb00 >fffd03 >fffb03 >fffd2c ");
}

static void consent_to_what_was_asked_is_not_answered(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffb00 fffd00 fffb03 fffd03", "");
    expect(&s, "fffb00 fffd00 fffb03 fffd03", ""); /* nor when it comes again */
}

static void a_client_that_agrees_on_the_serial_port_learns_the_modem_lines(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffb2c", ">fffa2c6bb0fff0 "); /* carrier, data set ready, clear to send */
    expect(&s, "fffb2c", "");
}

static void a_client_that_wants_the_serial_port_of_us_gets_it(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffd2c", ">fffb2c >fffa2c6bb0fff0 ");
    expect(&s, "fffd2c", "");
}

static void other_options_are_refused(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffd01", ">fffc01 "); /* ECHO: WON'T */
    expect(&s, "fffb18", ">fffe18 "); /* TERMINAL-TYPE: DON'T */
    expect(&s, "fffc18 fffe01", "");  /* and a refusal needs no answer */
}

static void an_option_can_be_taken_back_and_given_again(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffb00", "");
    expect(&s, "fffc00", ">fffe00 ");
    expect(&s, "fffc00", "");
    expect(&s, "fffb00", ">fffd00 ");
    expect(&s, "fffe03", ""); /* refused: it had been asked for */
    expect(&s, "fffd03", ">fffb03 ");
}

/* --- Data ------------------------------------------------------------------------------------------------------- */

static void data_passes_as_it_is_but_for_doubled_iac(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "00 0d 0a 0d 00 11 13 c0", "d00 d0d d0a d0d d00 d11 d13 dc0 ");
    expect(&s, "ffff 01 ffff ffff", "dff d01 dff dff ");
}

static void the_same_bytes_in_other_pieces_mean_the_same(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "ff", "");
    expect(&s, "ff", "dff ");
    expect(&s, "ff", "");
    expect(&s, "fa2c05", "");
    expect(&s, "08ff", "");
    expect(&s, "f0", "l10 >fffa2c6908fff0 ");
}

static void what_goes_to_the_client_is_escaped(void **state)
{
    (void)state;
    uint8_t escaped[2];
    for (unsigned byte = 0; byte < 0xFF; byte++) {
        assert_int_equal(espsim_rfc2217_escape((uint8_t)byte, escaped), 1);
        assert_int_equal(escaped[0], byte);
    }
    assert_int_equal(espsim_rfc2217_escape(0xFF, escaped), 2);
    assert_int_equal(escaped[0], 0xFF);
    assert_int_equal(escaped[1], 0xFF);
}

static void commands_of_a_terminal_mean_nothing(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    /* SE outside of a block, NOP, data mark, break, ..., go ahead */
    expect(&s, "fff0 fff1 fff2 fff3 fff4 fff5 fff6 fff7 fff8 fff9 41", "d41 ");
}

/* --- The serial port ---------------------------------------------------------------------------------------------- */

static void the_rate_is_set_and_told(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c01 00000000 fff0", ">fffa2c650001c200fff0 "); /* which is it? 115200 */
    expect(&s, "fffa2c01 00070800 fff0", "b460800 >fffa2c6500070800fff0 ");
    expect(&s, "fffa2c01 00000000 fff0", ">fffa2c6500070800fff0 ");
}

static void a_rate_that_holds_an_iac_is_escaped_both_ways(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c01 0000ffffff00 fff0", ""); /* not doubled: IAC 00 breaks the block off */
    expect(&s, "fffa2c01 0000 ffff 00 fff0", "b65280 >fffa2c650000ffff00fff0 ");
}

static void a_rate_that_cannot_be_is_answered_with_the_one_in_use(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c01 00000001 fff0", ">fffa2c650001c200fff0 ");
    expect(&s, "fffa2c01 7fffffff fff0", ""); /* three bytes, and no end of the block */
    expect(&s, "fffa2c01 10000000 fff0", ">fffa2c650001c200fff0 ");
    expect(&s, "fffa2c01 0001 fff0", ""); /* half a rate is none */
}

static void the_format_of_a_byte_is_always_eight_bits_no_parity_one_stop_bit(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c0208fff0 fffa2c0301fff0 fffa2c0401fff0", ">fffa2c6608fff0 >fffa2c6701fff0 >fffa2c6801fff0 ");
    expect(&s, "fffa2c0207fff0 fffa2c0302fff0 fffa2c0402fff0", ">fffa2c6608fff0 >fffa2c6701fff0 >fffa2c6801fff0 ");
    expect(&s, "fffa2c0200fff0 fffa2c0300fff0 fffa2c0400fff0", ">fffa2c6608fff0 >fffa2c6701fff0 >fffa2c6801fff0 ");
}

static void dtr_and_rts_are_set_and_told(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c0507fff0", ">fffa2c6909fff0 "); /* DTR? off */
    expect(&s, "fffa2c050afff0", ">fffa2c690cfff0 "); /* RTS? off */
    expect(&s, "fffa2c050bfff0", "l01 >fffa2c690bfff0 ");
    expect(&s, "fffa2c0508fff0", "l11 >fffa2c6908fff0 ");
    expect(&s, "fffa2c050cfff0", "l10 >fffa2c690cfff0 ");
    expect(&s, "fffa2c0507fff0 fffa2c050afff0", ">fffa2c6908fff0 >fffa2c690cfff0 ");
    expect(&s, "fffa2c0509fff0", "l00 >fffa2c6909fff0 ");
    expect(&s, "fffa2c0509fff0", ">fffa2c6909fff0 "); /* answered again, but nothing moves */
}

static void there_is_no_flow_control_to_be_had(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    for (unsigned wanted = 0; wanted <= 3; wanted++) {
        char hex[32];
        (void)snprintf(hex, sizeof(hex), "fffa2c05%02xfff0", wanted);
        expect(&s, hex, ">fffa2c6901fff0 ");
        (void)snprintf(hex, sizeof(hex), "fffa2c05%02xfff0", wanted + 13);
        expect(&s, hex, ">fffa2c690efff0 ");
    }
}

static void break_is_remembered(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c0504fff0", ">fffa2c6906fff0 ");
    expect(&s, "fffa2c0505fff0", ">fffa2c6905fff0 ");
    expect(&s, "fffa2c0504fff0", ">fffa2c6905fff0 ");
    expect(&s, "fffa2c0506fff0", ">fffa2c6906fff0 ");
}

static void purging_is_told_by_direction(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c0c01fff0", "p10 >fffa2c7001fff0 ");
    expect(&s, "fffa2c0c02fff0", "p01 >fffa2c7002fff0 ");
    expect(&s, "fffa2c0c03fff0", "p11 >fffa2c7003fff0 ");
    expect(&s, "fffa2c0c09fff0", ">fffa2c7009fff0 ");
}

static void states_are_told_through_their_masks(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c07fff0", ">fffa2c6bb0fff0 ");
    expect(&s, "fffa2c0b10fff0", ">fffa2c6f10fff0 ");
    expect(&s, "fffa2c07fff0", ">fffa2c6b10fff0 ");
    expect(&s, "fffa2c06fff0", ">fffa2c6a00fff0 ");
    expect(&s, "fffa2c0affff fff0",
           ">fffa2c6effff"
           "fff0 ");
    expect(&s, "fffa2c06fff0", ">fffa2c6a60fff0 ");
}

static void a_client_can_hold_the_data_back(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    assert_false(s.server.suspended);
    expect(&s, "fffa2c08fff0", "");
    assert_true(s.server.suspended);
    expect(&s, "fffa2c09fff0", "");
    assert_false(s.server.suspended);
}

static void it_tells_its_name_when_asked(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c00fff0",
           ">fffa2c64"
           "65737073696d"
           "fff0 ");
    expect(&s, "fffa2c00414243fff0", ""); /* the client's own */
}

/* --- Nonsense ------------------------------------------------------------------------------------------------------ */

static void blocks_that_say_nothing_are_dropped(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffafff0 fffa2cfff0 fffa2c05fff0 fffa2c63aafff0 fffa18414243fff0 41", "d41 ");
}

static void a_block_that_is_too_long_is_dropped_and_the_next_one_is_not(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    push(&s, "fffa2c05");
    for (unsigned at = 0; at < 1000; at++) {
        push(&s, "08");
    }
    expect(&s, "fff0", "");
    expect(&s, "fffa2c0508fff0 41", "l10 >fffa2c6908fff0 d41 ");
}

static void a_block_whose_end_was_lost_does_not_swallow_the_next(void **state)
{
    (void)state;
    session_t s;
    begin(&s);
    expect(&s, "fffa2c0508 fffa2c050bfff0", "l01 >fffa2c690bfff0 ");
    expect(&s, "fffa2c0508 fffd01 41", ">fffc01 d41 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_connection_is_asked_for_what_a_serial_port_wants),
        cmocka_unit_test(consent_to_what_was_asked_is_not_answered),
        cmocka_unit_test(a_client_that_agrees_on_the_serial_port_learns_the_modem_lines),
        cmocka_unit_test(a_client_that_wants_the_serial_port_of_us_gets_it),
        cmocka_unit_test(other_options_are_refused),
        cmocka_unit_test(an_option_can_be_taken_back_and_given_again),
        cmocka_unit_test(data_passes_as_it_is_but_for_doubled_iac),
        cmocka_unit_test(the_same_bytes_in_other_pieces_mean_the_same),
        cmocka_unit_test(what_goes_to_the_client_is_escaped),
        cmocka_unit_test(commands_of_a_terminal_mean_nothing),
        cmocka_unit_test(the_rate_is_set_and_told),
        cmocka_unit_test(a_rate_that_holds_an_iac_is_escaped_both_ways),
        cmocka_unit_test(a_rate_that_cannot_be_is_answered_with_the_one_in_use),
        cmocka_unit_test(the_format_of_a_byte_is_always_eight_bits_no_parity_one_stop_bit),
        cmocka_unit_test(dtr_and_rts_are_set_and_told),
        cmocka_unit_test(there_is_no_flow_control_to_be_had),
        cmocka_unit_test(break_is_remembered),
        cmocka_unit_test(purging_is_told_by_direction),
        cmocka_unit_test(states_are_told_through_their_masks),
        cmocka_unit_test(a_client_can_hold_the_data_back),
        cmocka_unit_test(it_tells_its_name_when_asked),
        cmocka_unit_test(blocks_that_say_nothing_are_dropped),
        cmocka_unit_test(a_block_that_is_too_long_is_dropped_and_the_next_one_is_not),
        cmocka_unit_test(a_block_whose_end_was_lost_does_not_swallow_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
