#ifndef GLX_ZLIB_H
#define GLX_ZLIB_H

#include <zlib.h>

#endif
