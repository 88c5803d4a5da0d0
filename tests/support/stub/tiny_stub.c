/* SPDX-License-Identifier: Apache-2.0 */
#include "tiny_stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { ENTRY = 0x400A9074, TEXT_ADDR = 0x400A8000, DATA_ADDR = 0x3FFDED6C, SEGMENT_BYTES = 4 };

static const uint8_t text[SEGMENT_BYTES] = {1, 2, 3, 4};
static const uint8_t data[SEGMENT_BYTES] = {5, 6, 7, 8};

static const reflash_stub_t in_memory = {
    .entry = ENTRY,
    .segments = {{.addr = TEXT_ADDR, .size = SEGMENT_BYTES, .data = text},
                 {.addr = DATA_ADDR, .size = SEGMENT_BYTES, .data = data}},
};
const reflash_stub_t *tiny_stub = &in_memory;
bool tiny_stub_is_broken;
target_chip_t tiny_stub_chip;
uint32_t tiny_stub_revision;

static bool read_stub(void *context, uint32_t addr, uint8_t *buf, uint32_t bytes)
{
    assert_ptr_equal(context, &tiny_stub);
    const bool is_text = addr >= TEXT_ADDR;
    const uint32_t start = addr - (is_text ? TEXT_ADDR : DATA_ADDR);
    assert_true(start <= SEGMENT_BYTES && bytes <= SEGMENT_BYTES - start);
    for (uint32_t at = 0; at < bytes; at++) {
        buf[at] = is_text ? text[start + at] : data[start + at];
    }
    return !tiny_stub_is_broken;
}

const reflash_stub_t tiny_stub_elsewhere = {
    .entry = ENTRY,
    .segments = {{.addr = TEXT_ADDR, .size = SEGMENT_BYTES}, {.addr = DATA_ADDR, .size = SEGMENT_BYTES}},
    .read = read_stub,
    .context = &tiny_stub,
};

const reflash_stub_t *reflash_stub_find(target_chip_t chip, uint32_t revision)
{
    tiny_stub_chip = chip;
    tiny_stub_revision = revision;
    return tiny_stub;
}

void conversation_connect_stub(conversation_t *talk)
{
    conversation_connect(talk);
    scripted_port_play(&talk->port, TINY_STARTED);
    assert_int_equal(reflash_stub_start(&talk->loader), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(talk);
}

/* Answers with two status bytes, after the protocol text; the stub attached the flash by itself. */
void conversation_attach_stub(conversation_t *talk)
{
    uint32_t flash_bytes = 0;
    conversation_connect_stub(talk);
    scripted_port_play(&talk->port,
                       " >c0000a0400000000001c20f43fc0 <c0010a0200040302810000c0"
                       " >c0000a0400000000002420f43fc0 <c0010a0200050000700000c0"
                       " >c000095000000000002c20f43f17000000ffffffff00000000"
                       "1c20f43f00000090ffffffff00000000"
                       "2420f43f9f000070ffffffff00000000"
                       "8020f43f00000000ffffffff00000000"
                       "0020f43f00000400ffffffff00000000c0 <c001090200000000000000c0"
                       " >c0000a0400000000000020f43fc0 <c0010a0200000000000000c0"
                       " >c0000a0400000000008020f43fc0 <c0010a0200c84016000000c0"
                       " >c000092000000000001c20f43f04030281ffffffff000000002420f43f05000070ffffffff00000000c0"
                       " <c001090200000000000000c0"
                       " >" RECORDED_SPI_SET_PARAMS " <c0010b0200000000000000c0");
    assert_int_equal(esp_loader_flash_detect_size(&talk->loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    conversation_expect_no_fault(talk);
}
