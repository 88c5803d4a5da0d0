/* SPDX-License-Identifier: Apache-2.0 */
#include "conversation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

void conversation_start(conversation_t *talk)
{
    scripted_port_init(&talk->port);
    assert_int_equal(esp_loader_init_serial(&talk->loader, &talk->port.port), ESP_LOADER_SUCCESS);
}

static void connect_by(conversation_t *talk, const char *script)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(talk);
    scripted_port_play(&talk->port, script);
    assert_int_equal(esp_loader_connect(&talk->loader, &args), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(talk);
}

void conversation_connect(conversation_t *talk)
{
    connect_by(talk, CONNECT_ESP32);
}

void conversation_connect_c3(conversation_t *talk)
{
    connect_by(talk, CONNECT_ESP32C3);
}

void conversation_attach(conversation_t *talk)
{
    uint32_t flash_bytes = 0;
    conversation_connect(talk);
    scripted_port_play(&talk->port, ATTACH_4_MB);
    assert_int_equal(esp_loader_flash_detect_size(&talk->loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    conversation_expect_no_fault(talk);
}

esp_loader_error_t conversation_detect(conversation_t *talk, const char *id_hex, uint32_t expected_bytes,
                                       uint32_t *flash_bytes)
{
    char script[200];
    conversation_connect(talk);
    scripted_port_play(&talk->port, ATTACHED READ_ID_STARTS READ_CMD_DONE);
    (void)snprintf(script, sizeof(script), READ_W0("%s"), id_hex);
    scripted_port_play(&talk->port, script);
    scripted_port_play(&talk->port, READ_ID_ENDS);
    if (expected_bytes > 0) {
        char size_hex[9];
        (void)snprintf(size_hex, sizeof(size_hex), "%02x%02x%02x%02x", (unsigned)(expected_bytes & 0xFF),
                       (unsigned)(expected_bytes >> 8 & 0xFF), (unsigned)(expected_bytes >> 16 & 0xFF),
                       (unsigned)(expected_bytes >> 24));
        (void)snprintf(script, sizeof(script), SET_PARAMS("%s"), size_hex);
        scripted_port_play(&talk->port, script);
    }
    return esp_loader_flash_detect_size(&talk->loader, flash_bytes);
}

esp_loader_error_t conversation_try(conversation_t *talk, int32_t trials)
{
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = trials};
    return esp_loader_connect(&talk->loader, &args);
}

void conversation_play_times(conversation_t *talk, unsigned count, const char *script)
{
    for (unsigned times = 0; times < count; times++) {
        scripted_port_play(&talk->port, script);
    }
}

void conversation_expect_fault(const conversation_t *talk, esp_loader_error_t code, reflash_cause_t cause,
                               uint8_t command, uint8_t target_reason)
{
    const reflash_fault_t fault = reflash_last_fault(&talk->loader);
    scripted_port_expect_end(&talk->port);
    assert_int_equal(fault.code, code);
    assert_int_equal(fault.cause, cause);
    assert_int_equal(fault.command, command);
    assert_int_equal(fault.target_reason, target_reason);
}

void conversation_expect_no_fault(const conversation_t *talk)
{
    conversation_expect_fault(talk, ESP_LOADER_SUCCESS, REFLASH_CAUSE_NONE, 0, 0);
}
