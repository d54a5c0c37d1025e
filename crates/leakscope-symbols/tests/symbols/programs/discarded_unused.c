/* A function that nobody calls, longer than those in the other file, and one that is called. */
volatile unsigned level;

#define FOUR(statement) statement; statement; statement; statement

void unused(void)
{
    FOUR(FOUR(FOUR(level += level)));
}

void other(void)
{
    level = 1;
}
