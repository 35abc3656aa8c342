/* What holdfast.pml asserts in every state, and of each candidate when it is done. Included there. */

/* Mask has all of part. */
#define HOLDS(mask, part) (((mask) & (part)) == (part))

inline check() {
  if
  :: up && served < seen -> printf("say  clients see generation %d AFTER %d\n", served, seen)
  :: up && !HOLDS(servedHas, seenHas) -> printf("say  clients get NO ANSWER for an endpoint that had one\n")
#ifndef AS_CLIENTS_SEE
  :: up && !row[served] -> printf("say  generation %d is served and NOT COMMITTED\n", served)
  :: up && row[served] && !body[ref[served]] ->
     printf("say  generation %d is served and its content is NOT IN THE STORE\n", served)
#endif
  :: else
  fi;
  if
  :: up ->
     assert(served >= seen);            /* generations never go back */
     assert(HOLDS(servedHas, seenHas)); /* no endpoint is emptied */
#ifndef AS_CLIENTS_SEE
     assert(row[served]);               /* served is committed */
     assert(body[ref[served]]);         /* what is served exists in the store */
     assert(has[ref[served]] == servedHas);
#endif
     seen = served;
     seenHas = servedHas
  :: else
  fi
}

/* Sets how a candidate ends. Who is not in the critical section any more keeps nothing. */
inline finish(who) {
  candidate[who].state = finished;
  candidate[who].generation = 0;
  candidate[who].endpoints = 0;
  candidate[who].content = 0;
  candidate[who].judgedAgainst = 0;
  candidate[who].accepted = false;
  if
  :: who == PERSON -> pin = 0
  :: who == LATER && committed != LAST -> printf("say  the later plan is NOT APPLIED\n")
  :: else
  fi;
#ifdef WITNESS
  if
  :: who == LATER && happened == 15 -> printf("say  a later plan is applied after all of that\n")
  :: else
  fi;
  assert(who != LATER || happened != 15);
#endif
  assert(who != LATER || committed == LAST) /* a later plan applies */
}
