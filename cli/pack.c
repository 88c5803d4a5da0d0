/* SPDX-License-Identifier: Apache-2.0 */
#include "pack.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle_writer.h"
#include "espsim.h"
#include "image_check.h"
#include "inputs.h"
#include "inputs_support.h"
#include "output.h"

enum { MESSAGE_BYTES = 1024, FLASH_DEFL_DATA = 0x11, CHIP_ID_ESP8266 = 0xFFFF, NOT_TOLD = 0xFF };

typedef struct {
    const options_t *options;
    output_t output;
    inputs_t inputs;
    bundle_facts_t facts;
    bundle_t bundle;
    uint32_t *packed_bytes; /* of each image; NULL until they were packed */
    char message[MESSAGE_BYTES];
} packing_t;

/* --- What the bundle is for ---------------------------------------------------------------------------------- */

/* What the user says, else what the build says, else what the first program says of itself. */
static const reflash_chip_t *find_chip(const packing_t *packing)
{
    const inputs_t *in = &packing->inputs;
    const char *name = packing->options->chip != NULL ? packing->options->chip : in->chip;
    for (uint32_t at = 0; name[0] == '\0' && at < in->count; at++) {
        if (in->programs[at]) {
            name = image_chip_name(image_program_chip(in->images[at].data, in->images[at].bytes));
        }
    }
    const reflash_rom_t *rom = espsim_rom_by_name(name);
    return rom != NULL ? rom->chip : NULL;
}

/* An ESP8266's ROM has no command for packed data, an ESP32's writes beyond the end of what it was sent. */
static bool rom_unpacks(const reflash_chip_t *chip)
{
    return chip->last_opcode >= FLASH_DEFL_DATA && !chip->whole_windows;
}

/* What a host can do is known only there; what none can do is known here. */
static inputs_result_t check_reach(packing_t *packing, const reflash_chip_t *chip)
{
    const uint32_t end = inputs_end(&packing->inputs);
    const bool by_rom = packing->options->host == HOST_WITH_ROM;
    const uint32_t reach_bytes = by_rom ? INPUTS_ROM_FLASH_BYTES : UINT32_C(1) << chip->stub_flash_bits;
    if (end <= reach_bytes) {
        return INPUTS_OK;
    }
    return inputs_fail(inputs_message_into(packing->message, sizeof(packing->message)), INPUTS_CONTENT,
                       "The images go up to 0x%x of the flash, and %s of the %s addresses more than %u MiB. Stay below "
                       "0x%x.",
                       (unsigned)end, by_rom ? "no ROM" : "no loader", chip->name, (unsigned)(reach_bytes >> 20),
                       (unsigned)reach_bytes);
}

static inputs_result_t find_facts(packing_t *packing)
{
    const inputs_message_t message = inputs_message_into(packing->message, sizeof(packing->message));
    const options_t *options = packing->options;
    const inputs_t *in = &packing->inputs;
    const reflash_chip_t *chip = find_chip(packing);
    if (chip == NULL) {
        return inputs_fail(message, INPUTS_USAGE, "%s. Name one with --chip, such as esp32c3.",
                           options->chip != NULL ? "That is no chip this program knows"
                                                 : "The images do not tell a chip that this program knows");
    }
    if (in->count > BUNDLE_IMAGES_MAX) {
        return inputs_fail(message, INPUTS_CONTENT, "A bundle holds at most %u images, not %u.", BUNDLE_IMAGES_MAX,
                           in->count);
    }
    inputs_result_t fit =
        inputs_check_chip(in, chip->chip_id, chip->name, 0, packing->message, sizeof(packing->message));
    if (fit == INPUTS_OK) {
        fit = check_reach(packing, chip);
    }
    packing->facts = (bundle_facts_t){
        .chip_id = chip->chip_id == REFLASH_NO_CHIP_ID ? CHIP_ID_ESP8266 : chip->chip_id,
        .flash_mode = NOT_TOLD,
        .flash_size_freq = NOT_TOLD,
        .plain = options->host == HOST_ANY || (options->host == HOST_WITH_ROM && !rom_unpacks(chip)),
        .packed = options->host != HOST_WITH_ROM || rom_unpacks(chip),
    };
    for (uint32_t at = 0; at < in->count; at++) {
        if (in->images[at].kind == REFLASH_KIND_BOOTLOADER && in->programs[at] && in->images[at].bytes >= 4) {
            packing->facts.flash_mode = in->images[at].data[2];
            packing->facts.flash_size_freq = in->images[at].data[3];
        }
    }
    return fit;
}

/* --- Files --------------------------------------------------------------------------------------------------- */

/* Whether C has no room for an array of that name. */
static bool is_c_word(const char *name)
{
    static const char words[] =
        " auto break case char const continue default do double else enum extern float for goto if "
        "inline int long main register restrict return short signed sizeof static struct switch "
        "typedef uint32_t uint8_t union unsigned void volatile while ";
    char *word = inputs_text_of(" %s ", name);
    const bool found = strstr(words, word) != NULL;
    free(word);
    return found;
}

/* `out/my-app.c` declares my_app, `out/for.c` bundle_for. */
static char *c_name(const char *path)
{
    const char *base = inputs_base_name(path);
    const char *dot = strrchr(base, '.');
    const int length = dot != NULL && dot != base ? (int)(dot - base) : (int)strlen(base);
    char *name = inputs_text_of("%.*s", length, base);
    for (char *at = name; *at != '\0'; at++) {
        if (isalnum((unsigned char)*at) == 0) {
            *at = '_';
        }
    }
    if (isdigit((unsigned char)name[0]) || is_c_word(name)) {
        char *bare = name;
        name = inputs_text_of("bundle_%s", bare);
        free(bare);
    }
    return name;
}

static void print_c(FILE *file, const bundle_t *bundle, const char *path)
{
    enum { BYTES_PER_LINE = 16 };
    char *name = c_name(path);
    (void)fprintf(file,
                  "/* Made by reflash pack: a bundle for include/reflash_bundle.h. */\n"
                  "#include <stdint.h>\n\n"
                  "extern const uint8_t %s[%u];\n"
                  "extern const uint32_t %s_bytes;\n\n"
                  "const uint32_t %s_bytes = %u;\n"
                  "const uint8_t %s[%u] = {\n",
                  name, bundle->bytes, name, name, bundle->bytes, name, bundle->bytes);
    for (uint32_t at = 0; at < bundle->bytes; at++) {
        (void)fprintf(file, "%s0x%02x,%s", at % BYTES_PER_LINE == 0 ? "    " : " ", bundle->data[at],
                      at % BYTES_PER_LINE == BYTES_PER_LINE - 1 || at + 1 == bundle->bytes ? "\n" : "");
    }
    (void)fputs("};\n", file);
    free(name);
}

static bool write_part(const packing_t *packing, const char *part_path)
{
    FILE *file = fopen(part_path, "wbe");
    if (file == NULL) {
        return false;
    }
    if (packing->options->c_array) {
        print_c(file, &packing->bundle, packing->options->output);
    } else {
        (void)fwrite(packing->bundle.data, 1, packing->bundle.bytes, file);
    }
    const bool good = fflush(file) == 0 && ferror(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && good;
}

/* Whole or not at all: whoever reads the file meanwhile, or after a full disk, finds the old one. */
static inputs_result_t write_output(packing_t *packing)
{
    const inputs_message_t message = inputs_message_into(packing->message, sizeof(packing->message));
    const char *path = packing->options->output;
    char *part_path = inputs_text_of("%s.part", path);
    inputs_result_t result = INPUTS_OK;
    if (!write_part(packing, part_path) || rename(part_path, path) != 0) {
        const int why = errno;
        (void)remove(part_path);
        result = inputs_fail(message, INPUTS_FILE, "%s: cannot be written: %s.", path, strerror(why));
    }
    free(part_path);
    return result;
}

/* --- The command --------------------------------------------------------------------------------------------- */

static inputs_result_t pack(packing_t *packing, int word_count, char *const *words)
{
    const inputs_message_t message = inputs_message_into(packing->message, sizeof(packing->message));
    const options_t *options = packing->options;
    const inputs_options_t input_options = {.force = options->force, .chip = options->chip, .flash = options->flash};
    if (options->output == NULL) {
        return inputs_fail(message, INPUTS_USAGE, "pack writes a file: name it with -o, such as -o firmware.rfb");
    }
    if (inputs_check_output(options->output, message) != INPUTS_OK) {
        return INPUTS_FILE;
    }
    if (flash_settings_detect_size(&options->flash)) {
        return inputs_fail(message, INPUTS_USAGE,
                           "pack has no target whose flash size could be detected: give --flash-size a size, or keep");
    }
    inputs_result_t result =
        inputs_load(&packing->inputs, &input_options, word_count, words, packing->message, sizeof(packing->message));
    if (result == INPUTS_OK) {
        result = inputs_refuse_encrypted(&packing->inputs,
                                         "Hosts that send bundles prove all they write by digest, which encrypted data "
                                         "have not: flash it from here.",
                                         packing->message, sizeof(packing->message));
    }
    if (result == INPUTS_OK) {
        result = find_facts(packing);
    }
    if (result != INPUTS_OK) {
        return result;
    }
    packing->packed_bytes = inputs_need(calloc(packing->inputs.count, sizeof(packing->packed_bytes[0])));
    packing->bundle = bundle_make(&packing->inputs, &packing->facts, packing->packed_bytes);
    return write_output(packing);
}

static void tell(packing_t *packing)
{
    const inputs_t *in = &packing->inputs;
    for (uint32_t at = 0; at < in->count; at++) {
        char packed[48] = "";
        if (packing->facts.packed) {
            (void)snprintf(packed, sizeof(packed), ", packed %u", packing->packed_bytes[at]);
        }
        output_line(&packing->output, "%s at 0x%x: %u bytes%s", in->titles[at], in->images[at].flash_addr,
                    in->images[at].bytes, packed);
    }
    output_line(&packing->output, "%s: %u bytes, %s", packing->options->output, packing->bundle.bytes,
                packing->facts.plain && packing->facts.packed ? "plain and packed"
                : packing->facts.plain                        ? "plain"
                                                              : "packed");
    output_line(&packing->output, "Done!");
}

static void summarise(packing_t *packing, bool ok)
{
    const inputs_t *in = &packing->inputs;
    json_t *images = json_array();
    for (uint32_t at = 0; ok && at < in->count; at++) {
        (void)json_array_append_new(images, json_pack("{s:s, s:I, s:I, s:I}", "name", in->names[at], "address",
                                                      (json_int_t)in->images[at].flash_addr, "bytes",
                                                      (json_int_t)in->images[at].bytes, "packed_bytes",
                                                      (json_int_t)packing->packed_bytes[at]));
    }
    output_event(&packing->output, json_pack("{s:s, s:b, s:I, s:b, s:b, s:o}", "event", "summary", "ok", ok, "bytes",
                                             (json_int_t)packing->bundle.bytes, "plain", packing->facts.plain, "packed",
                                             packing->facts.packed, "images", images));
}

status_t pack_run(const options_t *options, int word_count, char *const *words)
{
    packing_t packing = {.options = options};
    output_init(&packing.output, options->json, NULL);
    const inputs_result_t result = pack(&packing, word_count, words);
    if (result == INPUTS_OK) {
        tell(&packing);
    } else {
        output_error(&packing.output, packing.message);
    }
    summarise(&packing, result == INPUTS_OK);
    free(packing.bundle.data);
    free(packing.packed_bytes);
    inputs_free(&packing.inputs);
    return result == INPUTS_OK ? STATUS_OK : result == INPUTS_USAGE ? STATUS_USAGE : STATUS_INPUT;
}
