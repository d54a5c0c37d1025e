/* Variables of every shape; the numbers that the test wants are in the program itself. */
struct inner { int count; struct inner *next; };
struct outer {
    char tag;
    struct inner heads[3];
    union { void *pointer; unsigned long number; } value;
    struct { float x, y; };
    double grid[2][3];
};
struct outer table[4];
static struct inner *volatile head;
const int constant = 7;
volatile float level = 1.5f;

int take(int first) {
    static struct inner kept;
    kept.count += first;
    return kept.count + table[1].tag + (head != 0) + (int)level + constant;
}
int main(void) { return take(1); }
void entry(void) { main(); for (;;) {} }
