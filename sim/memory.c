/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's address space: what its row says is there, 0 elsewhere, and pages for what was written. */
#include "chip.h"

#include <stdlib.h>

enum { PAGE_BYTES = 4096 };

struct espsim_page {
    espsim_page_t *next;
    uint32_t addr;
    uint8_t bytes[PAGE_BYTES];
};

bool espsim_memory_has(const espsim_memory_t *memory, uint32_t addr, uint32_t bytes)
{
    for (size_t row = 0; row < memory->rom->memory_count; row++) {
        const reflash_memory_range_t *range = &memory->rom->memory[row];
        if (addr >= range->start && addr < range->end && bytes <= range->end - addr) {
            return true;
        }
    }
    return false;
}

static espsim_page_t *find_page(const espsim_memory_t *memory, uint32_t addr)
{
    for (espsim_page_t *page = memory->pages; page != NULL; page = page->next) {
        if (addr - page->addr < PAGE_BYTES) {
            return page;
        }
    }
    return NULL;
}

/* What reset leaves there: 0 where no row says otherwise. */
static uint8_t initial_byte(const espsim_memory_t *memory, uint32_t addr)
{
    const struct {
        const reflash_register_value_t *words;
        size_t count;
    } tables[] = {{memory->faulty_word, memory->faulty_word != NULL ? 1 : 0},
                  {memory->rom->registers, memory->rom->register_count},
                  {memory->rom->factory_registers, memory->is_blank ? 0 : memory->rom->factory_register_count}};
    uint8_t byte = 0;
    for (size_t row = 0; row < memory->burned_count; row++) {
        const reflash_register_value_t *word = &memory->burned[row];
        if (addr - word->addr < 4) {
            byte |= (uint8_t)(word->value >> (8 * (addr - word->addr)));
        }
    }
    for (size_t table = 0; table < sizeof(tables) / sizeof(tables[0]); table++) {
        for (size_t row = 0; row < tables[table].count; row++) {
            const reflash_register_value_t *word = &tables[table].words[row];
            if (addr - word->addr < 4) {
                return (uint8_t)(byte | word->value >> (8 * (addr - word->addr)));
            }
        }
    }
    return byte;
}

uint8_t espsim_memory_get(const espsim_memory_t *memory, uint32_t addr)
{
    const espsim_page_t *page = find_page(memory, addr);
    return page != NULL ? page->bytes[addr - page->addr] : initial_byte(memory, addr);
}

bool espsim_memory_put(espsim_memory_t *memory, uint32_t addr, uint8_t value)
{
    espsim_page_t *page = find_page(memory, addr);
    if (page == NULL) {
        page = malloc(sizeof(*page));
        if (page == NULL) {
            return false;
        }
        page->addr = addr / PAGE_BYTES * PAGE_BYTES;
        for (uint32_t byte = 0; byte < PAGE_BYTES; byte++) {
            page->bytes[byte] = initial_byte(memory, page->addr + byte);
        }
        page->next = memory->pages;
        memory->pages = page;
    }
    page->bytes[addr - page->addr] = value;
    return true;
}

uint32_t espsim_memory_get_word(const espsim_memory_t *memory, uint32_t addr)
{
    uint32_t value = 0;
    for (uint32_t byte = 0; byte < 4; byte++) {
        value |= (uint32_t)espsim_memory_get(memory, addr + byte) << (8 * byte);
    }
    return value;
}

bool espsim_memory_put_word(espsim_memory_t *memory, uint32_t addr, uint32_t value)
{
    bool stored = true;
    for (uint32_t byte = 0; byte < 4; byte++) {
        stored = espsim_memory_put(memory, addr + byte, (uint8_t)(value >> (8 * byte))) && stored;
    }
    return stored;
}

void espsim_memory_reset(espsim_memory_t *memory)
{
    while (memory->pages != NULL) {
        espsim_page_t *page = memory->pages;
        memory->pages = page->next;
        free(page);
    }
}
