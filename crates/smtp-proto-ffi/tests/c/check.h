/* Aborts with the condition that is not true. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) ((condition) ? (void)0 : failed(#condition, __LINE__))

static void failed(const char *condition, int line)
{
    fprintf(stderr, "line %d: not true: %s\n", line, condition);
    abort();
}

#endif
