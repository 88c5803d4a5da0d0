/* SPDX-License-Identifier: Apache-2.0 */
/** A loader context on a scripted port, and the beginnings that most conversations share. */
#pragma once

#include "recorded.h"
#include "reflash.h"
#include "scripted_port.h"

typedef struct {
    scripted_port_t port;
    esp_loader_t loader;
} conversation_t;

/* --- Pieces of scripts ----------------------------------------------------------------------------- */

#define SYNC_ANSWERED                                                                                                  \
    " >" RECORDED_SYNC " <" RECORDED_SYNC_ANSWER RECORDED_SYNC_ANSWER RECORDED_SYNC_ANSWER RECORDED_SYNC_ANSWER        \
        RECORDED_SYNC_ANSWER RECORDED_SYNC_ANSWER RECORDED_SYNC_ANSWER RECORDED_SYNC_ANSWER
#define SYNC_UNANSWERED " >" RECORDED_SYNC
#define MAGIC_ANSWERED " >" RECORDED_READ_MAGIC " <" RECORDED_READ_MAGIC_ANSWER
/* Recorded from ESP32 mask-ROM code: one unknown command straight after SYNC. */
#define EIGHT_REFUSALS                                                                                                 \
    RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC                              \
        RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC                          \
            RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC                      \
                RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC
#define SECURITY_INFO_REFUSED " >" RECORDED_SECURITY_INFO " <" EIGHT_REFUSALS
#define IDENTIFIED_ESP32 SECURITY_INFO_REFUSED MAGIC_ANSWERED
#define CONNECT_ESP32 " reset" SYNC_ANSWERED IDENTIFIED_ESP32
#define CONNECT_ESP32C3 " reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO " <" RECORDED_SECURITY_INFO_ANSWER_C3

/** The question for 115200 baud, from an ESP32's or ESP32-C3's ROM. */
#define RATE_BACK " >c0000f08000000000000c2010000000000c0"

/** Reading the JEDEC id through an ESP32's registers, as the protocol text describes it. USR holds 0x81020304 and
 *  USR2 0x70000005 before and after. */
#define READ_ID_STARTS                                                                                                 \
    " >c0000a0400000000001c20f43fc0 <c0010a04000403028100000000c0"                                                     \
    " >c0000a0400000000002420f43fc0 <c0010a04000500007000000000c0"                                                     \
    " >c000095000000000002c20f43f17000000ffffffff00000000" /* MISO_DLEN: 24 bits */                                    \
    "1c20f43f00000090ffffffff00000000"                     /* USR: command and MISO phases */                          \
    "2420f43f9f000070ffffffff00000000"                     /* USR2: 8 bits, 9F */                                      \
    "8020f43f00000000ffffffff00000000"                     /* W0 */                                                    \
    "0020f43f00000400ffffffff00000000c0"                   /* CMD: go */                                               \
    " <" RECORDED_WRITE_REG_ANSWER
#define READ_CMD_BUSY " >c0000a0400000000000020f43fc0 <c0010a04000000040000000000c0"
#define READ_CMD_DONE " >c0000a0400000000000020f43fc0 <c0010a04000000000000000000c0"
/** `id_hex`: the id register, four bytes, low byte first. */
#define READ_W0(id_hex) " >c0000a0400000000008020f43fc0 <c0010a0400" id_hex "00000000c0"
#define READ_ID_ENDS                                                                                                   \
    " >c000092000000000001c20f43f04030281ffffffff000000002420f43f05000070ffffffff00000000c0"                           \
    " <" RECORDED_WRITE_REG_ANSWER
#define READ_ID(id_hex) READ_ID_STARTS READ_CMD_DONE READ_W0(id_hex) READ_ID_ENDS
#define ATTACHED " >" RECORDED_SPI_ATTACH " <" RECORDED_SPI_ATTACH_ANSWER
/** `bytes_hex`: the size of the flash, four bytes, low byte first. */
#define SET_PARAMS(bytes_hex)                                                                                          \
    " >c0000b180000000000"                                                                                             \
    "00000000" bytes_hex "00000100001000000001"                                                                        \
    "0000ffff0000c0 <" RECORDED_SPI_SET_PARAMS_ANSWER
/** A part of 4 MB as in the recordings: C8 40 16. */
#define ATTACH_4_MB ATTACHED READ_ID("c8401600") SET_PARAMS("00004000")

/** A digest of the flash as a ROM tells it; `digits_hex`: its 32 ASCII digits. */
#define MD5_ANSWER(digits_hex) "c00113240000000000" digits_hex "00000000c0"
/** A block: its payload is a header (length, number, 0, 0) and four bytes. */
#define BLOCK(checksum, number, data) "c000031400" checksum "00000004000000" number "0000000000000000000000" data "c0"

/* --- Beginnings ------------------------------------------------------------------------------------ */

/** A context bound to a port whose script is empty. */
void conversation_start(conversation_t *talk);
/** The same, connected to an ESP32 or ESP32-C3. */
void conversation_connect(conversation_t *talk);
void conversation_connect_c3(conversation_t *talk);
/** Connected to an ESP32 whose 4 MB of flash are attached. */
void conversation_attach(conversation_t *talk);
/** Connect to an ESP32 and attach a flash that tells this id; the script expects its size to be told if it is not 0.
 *  Returns what esp_loader_flash_detect_size() did, which may have set `*flash_bytes`. */
esp_loader_error_t conversation_detect(conversation_t *talk, const char *id_hex, uint32_t expected_bytes,
                                       uint32_t *flash_bytes);

/** Connect in at most `trials` trials with SYNCs of 100 ms. Returns what esp_loader_connect() did. */
esp_loader_error_t conversation_try(conversation_t *talk, int32_t trials);

/** Play `script` `count` times. */
void conversation_play_times(conversation_t *talk, unsigned count, const char *script);

/** Fails the test unless the script was played to its end and the last fault is this one. */
void conversation_expect_fault(const conversation_t *talk, esp_loader_error_t code, reflash_cause_t cause,
                               uint8_t command, uint8_t target_reason);
/** The same for a call that succeeded. */
void conversation_expect_no_fault(const conversation_t *talk);
