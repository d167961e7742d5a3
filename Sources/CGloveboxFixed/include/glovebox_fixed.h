// The shim that a deterministic jail loads into each program of the job (LD_PRELOAD): clocks, random numbers and the
// number of processors come from here, so that the same job gives the same bytes. It is C because it stands in for
// functions of libc in programs that have no Swift runtime. It closes nothing: a program may walk around it, and then
// only loses its own repeatability. It needs glibc 2.31 or later and no other library.
//
// It reads two variables:
//   GLOVEBOX_SEED   decimal; the key of every random number
//   GLOVEBOX_CLOCK  decimal; what the clock shows at the start of a program, in seconds since 1970
//
// Clocks: each reading moves time on by one microsecond, a sleep or a wait that times out by its length; monotonic and
// processor time start at zero with each program. Random: a stream a process, keyed by seed and process number.
#pragma once
