/* The publish path of Holdfast: zone/publisher_submit.cc and the plan store, reduced to what their order decides.
 *
 * Enactors and a person judge a candidate outside the critical section, against what is served at that moment, and
 * wait. Whoever gets the lock leads: it takes any of those that wait, in any order, validates each again (the fence;
 * then the guard, anew where the candidate was judged against something else), commits them in one durable transaction,
 * and then swaps once, to the last of them. The clean-up runs in the same section and goes by reachability. A crash
 * takes all memory at any instant; a restart serves what is committed, and whoever waited comes again.
 *
 * A plan is reduced to its generation and the set of endpoints (bits) that it has targets for. Plan 2 is from before
 * endpoint 1 came. Whatever an Enactor brings may have turned out empty, as after a clean-up of its source.
 *
 * Each switch breaks one rule, and then the model must fail:
 *   -DNO_FENCE            generations are compared once, when the plan is taken, and not in the section
 *   -DCLEANUP_BY_AGE      what is many generations old goes, whoever refers to it
 *   -DSWAP_BEFORE_COMMIT  clients see it, then it is made durable
 *   -DNO_PIN              the clean-up looks at what is served, not at what is being enacted
 *   -DNO_REVALIDATION     a verdict made outside the section counts inside
 * With -DAS_CLIENTS_SEE only that counts which a client could notice. With -DWITNESS the model must "fail" where a
 * later plan is applied after all that is interesting has happened: nothing of the above holds for want of events.
 */
#ifndef ENACTORS
#define ENACTORS 3
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef CLEANUPS
#define CLEANUPS 2
#endif
#define PERSON (ENACTORS + 1)
#define LATER (ENACTORS + 2) /* a plan that comes when all others are done */
#define SUBMITTERS (ENACTORS + 2)
/* Generations: 1 is committed, Enactors bring 2 to 4, the person gets the next (once more after each crash). */
#define LAST (CRASHES + 6)
#define MANY 1 /* generations that are "many", for a clean-up by age */

mtype = { ready, waiting, finished, unlocked, validated, half };

/* Durable. */
byte committed = 1;
bool row[LAST + 1];  /* a committed generation stands in the history */
byte ref[LAST + 1];  /* the generation whose stored content it has: its own, or the one rolled back to */
bool body[LAST + 1]; /* that content is stored */
byte has[LAST + 1];  /* what it has targets for */

/* Memory, gone after a crash. */
bool up = true;
byte served = 1, servedHas = 1;
byte pin; /* the generation that the person rolls back to */
mtype lock = unlocked; /* how far the leader is in the critical section */
byte fence, fenceHas, batch; /* of the section: what the batch has come to, and who is in it (bits) */

/* Outside the server. */
typedef Candidate {
  mtype state;
  byte generation, endpoints;
  byte content; /* of a rollback: the generation whose stored content it has */
  byte judgedAgainst;
  bool accepted
};
Candidate candidate[SUBMITTERS + 1];
byte seen = 1, seenHas = 1; /* what clients have seen so far */
#ifdef WITNESS
#define THREE_AT_ONCE 1
#define ROLLED_BACK 2
#define CRASHED_HALF_WAY 4
#define CLEANED_UP 8
byte happened;
#define WITNESSED(what) happened = happened | (what)
#else
#define WITNESSED(what) skip
#endif

#ifndef NO_PIN
#define PINNED(k) ((k) == pin)
#else
#define PINNED(k) false
#endif
#include "holdfast_checks.pml"

/* Outside the section: what the candidate takes away is judged against what is served now. Then it waits. */
inline judge(who) {
  candidate[who].judgedAgainst = served;
  candidate[who].accepted = HOLDS(candidate[who].endpoints, servedHas);
  candidate[who].state = waiting
}

proctype Enactor(byte id) {
end:
  do
  :: d_step {
       candidate[id].state == ready && up && lock == unlocked ->
       printf("say  Enactor %d: judges plan %d (endpoints %d) against %d\n", id, candidate[id].generation,
              candidate[id].endpoints, served);
#ifdef NO_FENCE
       if
       :: candidate[id].generation <= served -> finish(id) /* the check, once, at the start */
       :: else -> judge(id)
       fi
#else
       judge(id)
#endif
     }
  od
}

/* Rolls back to any generation of the history, which is pinned until that is decided. */
proctype Person() {
end:
  do
  :: atomic {
       candidate[PERSON].state == ready && up && lock == unlocked ->
       pin = 1;
       do
       :: pin < committed -> pin++
       :: row[pin] -> break
       od;
       candidate[PERSON].content = ref[pin];
       candidate[PERSON].endpoints = has[ref[pin]];
       printf("say  person: rolls back to generation %d\n", pin);
       judge(PERSON)
     }
  od
}

/* Comes when all others are done; it never waits for anything but that, or the end state is invalid. */
proctype Later() {
  byte i;
  do
  :: d_step {
       candidate[LATER].state == ready && up && lock == unlocked && candidate[1].state == finished &&
       candidate[2].state == finished && candidate[3].state == finished && candidate[4].state == finished ->
       printf("say  a later plan comes: %d\n", LAST);
       judge(LATER)
     }
  :: candidate[LATER].state == finished -> break
  od
}

/* The critical section's first step for one candidate: the fence, then the guard, against what the batch comes to. */
inline validate(who) {
  if
  :: who == PERSON -> candidate[who].generation = fence + 1
  :: else
  fi;
#ifndef NO_REVALIDATION
  if
  :: candidate[who].judgedAgainst != fence -> candidate[who].accepted = HOLDS(candidate[who].endpoints, fenceHas)
  :: else
  fi;
#endif
  if
#ifndef NO_FENCE
  :: candidate[who].generation <= fence ->
     printf("say  leader: refuses plan %d of submitter %d, stale-generation: %d is committed\n",
            candidate[who].generation, who, fence);
     finish(who)
  :: candidate[who].generation > fence && !candidate[who].accepted ->
#else
  :: !candidate[who].accepted ->
#endif
     printf("say  leader: refuses plan %d of submitter %d, empty-answer\n", candidate[who].generation, who);
     finish(who)
  :: else ->
     fence = candidate[who].generation;
     fenceHas = candidate[who].endpoints;
     batch = batch | (1 << who)
  fi
}

inline commit() {
  for (i : 1 .. SUBMITTERS) {
    if
    :: batch & (1 << i) ->
       g = candidate[i].generation;
       printf("say  leader: commits generation %d of submitter %d\n", g, i);
       row[g] = true;
       if
       :: candidate[i].content ->
          if
          :: !body[candidate[i].content] ->
             printf("say  and its content, of generation %d, is NOT IN THE STORE\n", candidate[i].content)
          :: else
          fi;
#ifndef AS_CLIENTS_SEE
          assert(body[candidate[i].content]); /* what is being enacted cannot be deleted */
#endif
          WITNESSED(ROLLED_BACK);
          ref[g] = candidate[i].content
       :: else -> ref[g] = g; body[g] = true; has[g] = candidate[i].endpoints
       fi
    :: else
    fi
  }
  i = 0; g = 0;
  if
  :: batch == 14 -> WITNESSED(THREE_AT_ONCE)
  :: else
  fi;
  committed = fence
}

inline swap() {
  printf("say  leader: swaps, generation %d is served\n", fence);
  served = fence;
  servedHas = fenceHas;
  check()
}

/* Everybody in the batch hears what became of it. */
inline unlock() {
  for (i : 1 .. SUBMITTERS) {
    if
    :: batch & (1 << i) -> finish(i)
    :: else
    fi
  }
  i = 0; batch = 0; fence = 0; fenceHas = 0;
  lock = unlocked
}

#define WAITS(who) (candidate[who].state == waiting && !(batch & (1 << who)))

/* Whoever has the lock. Which of those in the batch it is makes no difference to what it does. */
proctype Leader() {
  byte c, i, g;
end:
  do
  :: atomic {
       up && lock == unlocked && (WAITS(1) || WAITS(2) || WAITS(3) || WAITS(4) || WAITS(5)) ->
       fence = committed;
       fenceHas = has[ref[committed]];
       lock = validated;
       do
       :: if
          :: WAITS(1) -> c = 1
          :: WAITS(2) -> c = 2
          :: WAITS(3) -> c = 3
          :: WAITS(4) -> c = 4
          :: WAITS(5) -> c = 5
          :: c != 0 -> break /* one at least */
          fi;
          d_step { validate(c) }
       od;
       d_step {
         c = 0;
         if
         :: batch == 0 -> unlock()
         :: else
         fi
       }
     }
#ifndef SWAP_BEFORE_COMMIT
  :: d_step { lock == validated -> commit(); lock = half }
  :: d_step { lock == half -> swap(); unlock() }
#else
  :: d_step { lock == validated -> swap(); lock = half }
  :: d_step { lock == half -> commit(); unlock() }
#endif
  od
}

/* Forgets generations of the history, and deletes contents that no generation refers to. */
proctype CleanUp() {
  byte times, k, j;
  bool keep;
end:
  do
#ifndef CLEANUP_BY_AGE
  :: d_step {
       times < CLEANUPS && up && lock == unlocked -> /* in the section */
       for (k : 1 .. LAST) {
         if
         :: row[k] && k != committed && k != served && !PINNED(k) ->
            printf("say  clean-up: forgets generation %d\n", k);
            row[k] = false; ref[k] = 0
         :: else
         fi
       }
       for (k : 1 .. LAST) {
         keep = false;
         for (j : 1 .. LAST) { keep = keep || (row[j] && ref[j] == k) }
         if
         :: body[k] && !keep -> body[k] = false; has[k] = 0; WITNESSED(CLEANED_UP)
         :: else
         fi
       }
       k = 0; j = 0; keep = false; times++;
       check()
     }
#else
  :: d_step {
       times < CLEANUPS && up && committed > MANY ->
       for (k : 1 .. (committed - MANY)) {
         if
         :: body[k] ->
            printf("say  clean-up: deletes generation %d, which is old: %d is the newest\n", k, committed);
            row[k] = false; body[k] = false
         :: else
         fi
       }
       k = 0; times++;
       check()
     }
#endif
  od
}

proctype Crash() {
  byte times, i;
end:
  do
  :: d_step {
       times < CRASHES && up ->
       printf("say  CRASH\n");
       if
       :: lock == half -> WITNESSED(CRASHED_HALF_WAY)
       :: else
       fi;
       up = false; served = 0; servedHas = 0; pin = 0;
       lock = unlocked; fence = 0; fenceHas = 0; batch = 0;
       for (i : 1 .. SUBMITTERS) {
         if
         :: candidate[i].state == waiting -> /* comes again, perhaps after it was committed */
            candidate[i].state = ready; candidate[i].judgedAgainst = 0; candidate[i].accepted = false;
            if
            :: i == PERSON -> candidate[i].generation = 0; candidate[i].endpoints = 0; candidate[i].content = 0
            :: else
            fi
         :: else
         fi
       }
       i = 0; times++
     }
  :: d_step {
       !up ->
       printf("say  restart: serves generation %d\n", committed);
       served = committed; up = true;
       if
       :: row[committed] && body[ref[committed]] -> servedHas = has[ref[committed]]
       :: else -> servedHas = 0; printf("say  its content is NOT IN THE STORE\n")
       fi;
       check()
     }
  od
}

/* Enactors are alike, so their plans are chosen in order: nothing is lost, and six times the work is spared. */
init {
  byte n, least = 2;
  atomic {
    row[1] = true; ref[1] = 1; body[1] = true; has[1] = 1;
    for (n : 1 .. ENACTORS) {
      if
      :: least <= 2 -> candidate[n].generation = 2; candidate[n].endpoints = 1
      :: least <= 3 -> candidate[n].generation = 3; candidate[n].endpoints = 3; least = 3
      :: candidate[n].generation = 4; candidate[n].endpoints = 3; least = 4
      fi;
      if
      :: candidate[n].endpoints = 0
      :: skip
      fi
    }
    candidate[LATER].generation = LAST; candidate[LATER].endpoints = 3;
    for (n : 1 .. SUBMITTERS) { candidate[n].state = ready }
    for (n : 1 .. ENACTORS) { run Enactor(n) }
    run Person(); run Later(); run Leader(); run CleanUp(); run Crash();
    n = 0; least = 0
  }
}
