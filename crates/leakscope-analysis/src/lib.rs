//! From SystemView bytes to events, a model of the heap, and verdicts on call stacks
