#include "arenas.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE ((size_t)2 << 20)
#define REGION ((size_t)32 << 20)

static char *next = NULL;
static size_t left = 0;

/* Gets another region, of which memory is used only as far as it is written to. */
static bool map_region(void)
{
    char *mapped = mmap(NULL, REGION + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return false;
    next = (char *)(((uintptr_t)mapped + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    left = REGION;
#ifdef MADV_HUGEPAGE
    madvise(next, REGION, MADV_HUGEPAGE);
#endif
    return true;
}

static void *take_arena(void *Py_UNUSED(context), size_t size)
{
    if (size > REGION || (size > left && !map_region()))
        return NULL;
    char *arena = next;
    next += size;
    left -= size;
    return arena;
}

/* Arenas that Python took before it was told of these are given back in the same way. */
static void drop_arena(void *Py_UNUSED(context), void *arena, size_t size)
{
    munmap(arena, size);
}

PyObject *use_large_pages(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    PyObjectArenaAllocator allocator = {NULL, take_arena, drop_arena};
    PyObject_SetArenaAllocator(&allocator);
    Py_RETURN_NONE;
}
