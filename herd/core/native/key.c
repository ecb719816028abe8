/* How ids are summed and hashed: CRC-32 with eight tables, and SipHash with one round a word and three at the end. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "key.h"

#define BYTES_AT_ONCE 8

/* What a byte comes to in a checksum, by how many bytes follow it. */
static uint32_t crc_of_byte[BYTES_AT_ONCE][256];
static uint64_t secret[2];

static void fill_crc_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
        crc_of_byte[0][byte] = crc;
    }
    for (int following = 1; following < BYTES_AT_ONCE; following++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t crc = crc_of_byte[following - 1][byte];
            crc_of_byte[following][byte] = crc >> 8 ^ crc_of_byte[0][crc & 0xFF];
        }
}

/* What Python's own keyed hash makes of a word. */
static int hash_word(const char *word, uint64_t *hash)
{
    PyObject *text = PyUnicode_FromString(word);
    Py_hash_t value = text == NULL ? -1 : PyObject_Hash(text);
    Py_XDECREF(text);
    *hash = (uint64_t)value;
    return value == -1 ? -1 : 0;
}

int key_setup(void)
{
    fill_crc_table();
    return hash_word("herd: the first half", &secret[0]) < 0 ? -1 : hash_word("herd: the second half", &secret[1]);
}

static uint32_t checksum_of(Text client_id)
{
    const unsigned char *at = (const unsigned char *)client_id.at, *end = at + client_id.bytes;
    uint32_t crc = UINT32_MAX;
    for (; end - at >= BYTES_AT_ONCE; at += BYTES_AT_ONCE)
        crc = crc_of_byte[7][(crc & 0xFF) ^ at[0]] ^ crc_of_byte[6][(crc >> 8 & 0xFF) ^ at[1]]
            ^ crc_of_byte[5][(crc >> 16 & 0xFF) ^ at[2]] ^ crc_of_byte[4][crc >> 24 ^ at[3]]
            ^ crc_of_byte[3][at[4]] ^ crc_of_byte[2][at[5]] ^ crc_of_byte[1][at[6]] ^ crc_of_byte[0][at[7]];
    for (; at < end; at++)
        crc = crc >> 8 ^ crc_of_byte[0][(crc ^ *at) & 0xFF];
    return ~crc;
}

static inline uint64_t rotated(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

/* One round of SipHash, as its authors write it. */
static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotated(v[1], 13) ^ v[0];
    v[3] = rotated(v[3], 16) ^ v[2];
    v[0] = rotated(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotated(v[1], 17) ^ v[2];
    v[3] = rotated(v[3], 21) ^ v[0];
    v[2] = rotated(v[2], 32);
}

static inline void sip_take(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

uint32_t hash_of(Text client_id)
{
    uint64_t v[4] = {secret[0] ^ UINT64_C(0x736f6d6570736575), secret[1] ^ UINT64_C(0x646f72616e646f6d),
                     secret[0] ^ UINT64_C(0x6c7967656e657261), secret[1] ^ UINT64_C(0x7465646279746573)};
    const char *at = client_id.at;
    size_t left = client_id.bytes;
    uint64_t word;
    for (; left >= sizeof word; at += sizeof word, left -= sizeof word) {
        memcpy(&word, at, sizeof word);
        sip_take(v, word);
    }
    word = 0;
    memcpy(&word, at, left);
    sip_take(v, word ^ (uint64_t)client_id.bytes << 56);
    v[2] ^= 0xFF;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    uint64_t hash = v[0] ^ v[1] ^ v[2] ^ v[3];
    return (uint32_t)(hash ^ hash >> 32);
}

Key key_of(Text client_id)
{
    return (Key){checksum_of(client_id), hash_of(client_id)};
}
