/* The table of hexadecimal digits. */
#include "hex.h"

#define DIGIT(value) (HEX_IS_DIGIT | (value))

const unsigned char hex_table[256] = {
    ['0'] = DIGIT(0),  ['1'] = DIGIT(1),  ['2'] = DIGIT(2),  ['3'] = DIGIT(3),  ['4'] = DIGIT(4),
    ['5'] = DIGIT(5),  ['6'] = DIGIT(6),  ['7'] = DIGIT(7),  ['8'] = DIGIT(8),  ['9'] = DIGIT(9),
    ['A'] = DIGIT(10), ['B'] = DIGIT(11), ['C'] = DIGIT(12), ['D'] = DIGIT(13), ['E'] = DIGIT(14),
    ['F'] = DIGIT(15), ['a'] = DIGIT(10), ['b'] = DIGIT(11), ['c'] = DIGIT(12), ['d'] = DIGIT(13),
    ['e'] = DIGIT(14), ['f'] = DIGIT(15),
};
