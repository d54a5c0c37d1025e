/* Variables that LLVM merges into one (-mglobal-merge). */
static int *first, *second, third[4];
int *volatile sink;
void set(int *a, int *b) { first = a; second = b; third[1] = *a; third[2]=*b; }
int get(void) { return *first + *second + third[1] + third[2]; }
void entry(void) { set(sink, sink + 1); for (;;) *sink = get(); }
