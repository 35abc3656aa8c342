/* The protocol that was published after October 2025, as far as it was published: a Planner makes numbered plans;
 * Enactors check once, at the start, that their plan is newer than the one in force, and then write it endpoint by
 * endpoint, each write a transaction; whoever has written all of them deletes plans that are many generations old.
 * An endpoint answers what the plan that it points to holds: nothing, once that plan is deleted.
 *
 * What must hold: no endpoint ever answers nothing. It does not hold; spin finds how.
 *   -DLOCK   a lock around every transaction of an endpoint: it orders writers, it does not reject old data
 *   -DSTUCK  looks past the empty answer for the second effect: no later plan can be applied
 */
#define ENACTORS 3
#define ENDPOINTS 2
#define NEWEST 5
#define MANY 2 /* generations that are "many" */

bool kept[NEWEST + 1]; /* the plan of a generation is stored */
byte answers[ENDPOINTS]; /* the generation whose plan an endpoint points to */
byte inForce = 1; /* what the check at the start compares with */
byte newest = 1;  /* planned */
#ifdef LOCK
bool locked[ENDPOINTS];
#endif

inline check(e) {
#ifndef STUCK
  if
  :: !kept[answers[e]] ->
     printf("say  endpoint %d points to plan %d, which is deleted: it ANSWERS NOTHING\n", e, answers[e]);
     assert(kept[answers[e]]) /* an endpoint answers nothing */
  :: else
  fi
#endif
  skip
}

active proctype Planner() {
  do
  :: newest < NEWEST ->
     atomic { newest++; kept[newest] = true; printf("say  Planner: makes plan %d\n", newest) }
  :: else -> break
  od
}

inline unlock(e) {
#ifdef LOCK
  locked[e] = false;
  printf("say  Enactor %d: unlocks endpoint %d\n", id, e);
#endif
  skip
}

/* The transaction replaces what the plan in force says by what the new plan says, so it has to read both. */
inline transact(e, plan) {
  atomic {
    if
    :: kept[answers[e]] && !kept[plan] ->
       printf("say  Enactor %d: its plan %d is gone, it stops\n", id, plan);
       unlock(e);
       goto stopped
    :: kept[answers[e]] && kept[plan] ->
       answers[e] = plan;
       printf("say  Enactor %d: writes plan %d to endpoint %d\n", id, plan, e);
       check(e)
    :: else ->
       printf("say  Enactor %d: cannot apply plan %d to endpoint %d: plan %d, which is in force, is GONE\n",
              id, plan, e, answers[e]);
#ifdef STUCK
       assert(plan != NEWEST); /* the newest plan can be applied */
#endif
       unlock(e);
       goto stopped
    fi
  }
}

proctype Enactor(byte id) {
  byte plan, e, k;
  do
  :: atomic {
       newest > inForce -> plan = newest; /* the check, once */
       printf("say  Enactor %d: takes plan %d, checks: newer than %d\n", id, plan, inForce)
     }
     e = 0;
     do
     :: e < ENDPOINTS ->
#ifdef LOCK
        atomic { !locked[e] -> locked[e] = true; printf("say  Enactor %d: locks endpoint %d\n", id, e) }
#endif
        transact(e, plan);
        atomic { unlock(e) };
        e++
     :: else -> break
     od;
     atomic {
       inForce = (plan > inForce -> plan : inForce);
       printf("say  Enactor %d: has written plan %d everywhere, and cleans up\n", id, plan)
     }
     k = 1;
     do
     :: k + MANY <= plan ->
        atomic {
          if
          :: kept[k] ->
             kept[k] = false;
             printf("say  Enactor %d: deletes plan %d, which is many generations old\n", id, k);
             check(0); check(1)
          :: else
          fi;
          k++
        }
     :: else -> break
     od
  :: atomic { newest == NEWEST && inForce == NEWEST -> break }
  od;
stopped:
  skip
}

init {
  byte i;
  atomic {
    kept[1] = true;
    answers[0] = 1; answers[1] = 1;
    for (i : 1 .. ENACTORS) { run Enactor(i) }
  }
}
