/* What a client id comes to, twice: a checksum that all servers compute alike, and a hash that nobody else can.
 *
 * The checksum is zlib's CRC-32. It says in which shard a record stands and in which digest it counts. Anybody can make any
 * number of ids with the same one, so tables are not searched by it but by SipHash-1-3, under a secret of this process:
 * the one with which Python hashes, so that `PYTHONHASHSEED` fixes both.
 */
#ifndef HERD_KEY_H
#define HERD_KEY_H

#include "text.h"

typedef struct {
    uint32_t checksum;
    uint32_t hash;
} Key;

/* Take the secret from Python, and make tables; -1 with an exception set. Once, before all else. */
int key_setup(void);

uint32_t hash_of(Text client_id);

Key key_of(Text client_id);

#endif
