/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 against RFC 1321 and against Mbed TLS, in any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <string.h>

#include "hex.h"
#include "md5.h"

enum { LENGTH_MAX = 200 };

static void reference(const uint8_t *data, size_t bytes, uint8_t digest[16])
{
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, bytes, digest), 0);
}

static void the_suite_of_rfc_1321_holds(void **state)
{
    (void)state;
    static const struct {
        const char *message, *digest;
    } suite[] = {
        /* appendix A.5 */
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };
    for (size_t row = 0; row < sizeof(suite) / sizeof(suite[0]); row++) {
        reflash_md5_t md5;
        uint8_t digest[16];
        reflash_md5_init(&md5);
        reflash_md5_update(&md5, (const uint8_t *)suite[row].message, (uint32_t)strlen(suite[row].message));
        reflash_md5_final(&md5, digest);
        assert_bytes(digest, sizeof(digest), suite[row].digest);
    }
}

static void any_length_cut_anywhere_gives_the_digest_of_the_whole(void **state)
{
    (void)state;
    uint8_t data[LENGTH_MAX];
    for (unsigned at = 0; at < LENGTH_MAX; at++) {
        data[at] = (uint8_t)(167 * at + (at >> 3) + 0x80);
    }
    for (uint32_t bytes = 0; bytes <= LENGTH_MAX; bytes++) {
        uint8_t expected[16];
        reference(data, bytes, expected);
        for (uint32_t cut = 0; cut <= bytes; cut++) {
            reflash_md5_t md5;
            uint8_t digest[16];
            memset(&md5, 0xA5, sizeof(md5)); /* what was there before does not matter */
            reflash_md5_init(&md5);
            reflash_md5_update(&md5, data, cut);
            reflash_md5_update(&md5, &data[cut], bytes - cut);
            reflash_md5_final(&md5, digest);
            assert_memory_equal(digest, expected, sizeof(digest));
        }
    }
}

static void byte_by_byte_gives_the_digest_of_the_whole(void **state)
{
    (void)state;
    uint8_t data[1000];
    uint8_t expected[16];
    uint8_t digest[16];
    memset(data, 0xC3, sizeof(data));
    reference(data, sizeof(data), expected);
    reflash_md5_t md5;
    reflash_md5_init(&md5);
    for (size_t at = 0; at < sizeof(data); at++) {
        reflash_md5_update(&md5, &data[at], 1);
    }
    reflash_md5_final(&md5, digest);
    assert_memory_equal(digest, expected, sizeof(digest));
}

/* The length of more than 512 MiB needs the upper word of the bit count. Hashing that much would take minutes
 * under a sanitizer, so the state is set as if 0xE0000000 bytes had left it at its start values. The expected
 * digest is the compression function of RFC 1321, written in Python, over "a", 0x80, zeros, 0x0000000700000008. */
static void the_length_is_counted_in_64_bits(void **state)
{
    (void)state;
    reflash_md5_t md5;
    uint8_t digest[16];
    reflash_md5_init(&md5);
    md5.total_bytes = 0xE0000000;
    reflash_md5_update(&md5, (const uint8_t *)"a", 1);
    reflash_md5_final(&md5, digest);
    assert_bytes(digest, sizeof(digest), "b74829af90d265043db546d2550b66f7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_suite_of_rfc_1321_holds),
        cmocka_unit_test(any_length_cut_anywhere_gives_the_digest_of_the_whole),
        cmocka_unit_test(byte_by_byte_gives_the_digest_of_the_whole),
        cmocka_unit_test(the_length_is_counted_in_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
