/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: telling silence, refusal, nonsense and a broken port apart. */
#include "loader/command.h"

enum { REASON_INVALID_FORMAT = 0x05 };

static esp_loader_error_t receive(esp_loader_t *loader)
{
    return loader->_transport->receive(loader, loader->_frame, sizeof(loader->_frame));
}

static bool refuses(const uint8_t *status)
{
    return status[0] != 0;
}

/* A ROM answers a command that it does not know under the opcode of the last one that it did. A stub's refusal has no
 * data in front of its status, and repeats the opcode as it arrived. */
static bool is_bare_refusal(const esp_loader_t *loader, const reflash_answer_t *answer, const uint8_t *status)
{
    return answer->payload_bytes == loader->_status_bytes && refuses(status) &&
           (loader->_stub != NULL || status[1] == REASON_INVALID_FORMAT);
}

/* The answer to SYNC is nothing but its status, and so tells how long that is in all answers of this loader: status
 * and reason, and from all ROMs but the ESP8266's two left-overs. */
static void learn_status_bytes(esp_loader_t *loader, uint8_t asked, const reflash_answer_t *answer)
{
    enum { WITHOUT_LEFT_OVERS = 2, WITH_LEFT_OVERS = 4 };
    if (asked == REFLASH_SYNC && answer->opcode == REFLASH_SYNC &&
        (answer->payload_bytes == WITHOUT_LEFT_OVERS || answer->payload_bytes == WITH_LEFT_OVERS)) {
        loader->_status_bytes = (uint8_t)answer->payload_bytes;
    }
}

/* Frames that answer something else are late answers to something before, or noise. */
esp_loader_error_t reflash_await_answer(esp_loader_t *loader, uint8_t opcode, uint8_t data_bytes)
{
    bool heard = false;
    loader->_frame_bytes = 0;
    for (;;) { /* until the port's timer ends receive() */
        esp_loader_error_t err = receive(loader);
        if (err != ESP_LOADER_SUCCESS) {
            if (heard && err == ESP_LOADER_ERROR_TIMEOUT) {
                err = ESP_LOADER_ERROR_INVALID_RESPONSE;
            }
            return reflash_fail_to_receive(loader, err);
        }
        heard = true;

        reflash_answer_t answer;
        if (!reflash_answer_parse(loader->_frame, loader->_frame_bytes, &answer)) {
            continue;
        }
        learn_status_bytes(loader, opcode, &answer);
        if (loader->_status_bytes == 0 || answer.payload_bytes < loader->_status_bytes) {
            continue;
        }
        const uint16_t found_bytes = (uint16_t)(answer.payload_bytes - loader->_status_bytes);
        const uint8_t *status = reflash_answer_data(loader);
        if (answer.opcode == opcode && (found_bytes == data_bytes || data_bytes == REFLASH_ALL_BUT_STATUS)) {
            status += found_bytes;
        } else if (!is_bare_refusal(loader, &answer, status)) {
            continue;
        }
        if (refuses(status)) {
            loader->_fault.target_reason = status[loader->_stub != NULL ? 0 : 1];
            return reflash_fail(loader, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED);
        }
        loader->_answer_value = answer.value;
        loader->_answer_bytes = found_bytes;
        return ESP_LOADER_SUCCESS;
    }
}

void reflash_drain(esp_loader_t *loader, unsigned limit)
{
    const reflash_link_t *link = reflash_link(loader);
    for (unsigned frames = 0; frames < limit; frames++) {
        loader->_port->ops->start_timer(loader->_port, link->quiet_ms + link->round_trip_ms);
        const esp_loader_error_t err = receive(loader);
        if (err != ESP_LOADER_SUCCESS && err != ESP_LOADER_ERROR_INVALID_RESPONSE) {
            return;
        }
    }
}
