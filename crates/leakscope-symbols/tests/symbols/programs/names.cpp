// Names that a C++ compiler mangles.
extern "C" void *take(unsigned size) __attribute__((noinline));
extern "C" void give(void *block) __attribute__((noinline));

volatile unsigned sink;

void *take(unsigned size) { sink = size; return nullptr; }
void give(void *block) { sink = block != nullptr; }

namespace heap {

template <typename Value, int Count>
class Pool {
public:
    __attribute__((noinline)) explicit Pool(unsigned size) : block(take(size)) { give(block); }
    __attribute__((noinline)) ~Pool() { give(block); }
    __attribute__((noinline)) Value *get(unsigned index) const;
    Pool &operator+=(int) __attribute__((noinline));

private:
    void *block;
};

template <typename Value, int Count>
Value *Pool<Value, Count>::get(unsigned index) const
{
    give(block);
    return static_cast<Value *>(take(index * Count));
}

template <typename Value, int Count>
Pool<Value, Count> &Pool<Value, Count>::operator+=(int)
{
    give(take(1));
    return *this;
}

namespace {
__attribute__((noinline)) void hidden(const char *, long long)
{
    give(take(2));
    sink = 2;
}
}

inline __attribute__((always_inline)) void outer()
{
    auto inner = [](int count) __attribute__((noinline)) { give(take(count)); sink = 5; };
    inner(3);
    hidden("", 1);
}

}

int main()
{
    heap::Pool<int, 4> pool(7);
    pool += 1;
    sink = pool.get(3) != nullptr;
    heap::outer();
    return 0;
}

extern "C" void entry() { main(); sink = 0; }
