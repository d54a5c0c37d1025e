/* Texts: one that is loaded, and two that only the file has. */
const char plain[] = "loaded";

__asm__(".section .sv-data, \"\", %progbits\n"
        ".asciz \"first: %d\"\n"
        ".asciz \"second: %s\"\n"
        ".text");

volatile const char *volatile sink;

void entry(void)
{
    sink = plain;
}
