// The steps that players take, on the real commit path.
#include "tests/zone/interleavings.h"

namespace holdfast::test {

namespace {

using Step = Attempt::Step;

/// Stands still: what the clock decides has tests of its own.
WallTime standingClock() {
  return WallTime(std::chrono::seconds(1'800'000'000));
}
constexpr Monotonic kNow{};

}  // namespace

World::World(const Scenario& scenario, Graveyard& graveyard)
    : scenario_(scenario), graveyard_(graveyard), disk_(scenario.disk), acting_(scenario.players.size()) {
  start();
}

World::~World() {
  graveyard_.bury(std::move(path_));
}

/// As Publisher::open does.
void World::start() {
  path_ = std::make_unique<CommitPath>(store_, standingClock, scenario_.faults);
  std::vector<LoadedZone> zones;
  for (const auto& [apex, zone] : disk_) {
    if (zone.stored.committed == 0) {
      zones.push_back({zone.stored, std::make_shared<Zone>(apex)});
      continue;
    }
    const auto content = zone.contents.find(zone.stored.committed);
    if (content == zone.contents.end())
      throw Violation("I5, I7: the committed generation " + std::to_string(zone.stored.committed) + " of " +
                      apex.text() + " is not in the store after a restart");
    zones.push_back({zone.stored, content->second});
  }
  path_->load(std::move(zones));
}

/// All that was in memory is gone; who had no answer yet tries again, which may be late.
void World::restart() {
  ++crashes_;
  batch_ = {};
  durable_.reset();
  change_.reset();
  inSection_ = kNobody;
  store_.next = Fault::None;
  for (Acting& acting : acting_) {
    const bool isCut = acting.attempt != nullptr;
    acting.attempt.reset();
    acting.pinned.reset();
    acting.isWoken = true;
    acting.wasCut = acting.wasCut || isCut;
    acting.readySince = acting.turnSince = 0;
  }
  graveyard_.bury(std::move(path_));
  start();
}

const Move& World::moveOf(std::size_t player) const {
  return scenario_.players[player].moves[acting_[player].move];
}

bool World::isAtEnd(std::size_t player) const {
  return acting_[player].move == scenario_.players[player].moves.size();
}

std::vector<World::Action> World::enabled() const {
  std::vector<Action> actions;
  const auto add = [&](Action::Kind kind, std::size_t player, bool writes) {
    actions.push_back({kind, player, Fault::None});
    if (writes && failures_ < scenario_.failures)
      for (const Fault fault : {Fault::Fails, Fault::FailsDurably}) actions.push_back({kind, player, fault});
    if (writes && crashes_ < scenario_.crashes)
      for (const Fault fault : {Fault::CrashBefore, Fault::CrashDurable})
        actions.push_back({kind, player, fault});
  };
  bool isOver = true;
  const bool isFree = inSection_ == kNobody;
  for (std::size_t player = 0; player < acting_.size(); ++player) {
    if (isAtEnd(player)) continue;
    isOver = false;
    const Acting& acting = acting_[player];
    if (inSection_ == player) {
      add(change_ ? Action::Kind::Apply : Action::Kind::Publish, player, false);
      continue;
    }
    if (acting.attempt == nullptr) {
      const Move::Kind kind = moveOf(player).kind;
      const bool isSubmit = kind == Move::Kind::Submit;
      if (isSubmit || isFree) add(Action::Kind::Begin, player, !isSubmit && kind != Move::Kind::Rollback);
      continue;
    }
    const Step step = acting.attempt->step;
    if (step == Step::Admit || (step == Step::Waiting && acting.isWoken))
      add(Action::Kind::Begin, player, false);
    if (step == Step::Prepare) add(Action::Kind::Compile, player, false);
    if (step == Step::Ready && isFree && acting.isWoken) add(Action::Kind::Commit, player, true);
    if (step == Step::Done && isFree) add(Action::Kind::Finish, player, false);
  }
  if (!isOver && crashes_ < scenario_.crashes) actions.push_back({Action::Kind::Crash, 0, Fault::None});
  return actions;
}

void World::perform(const Action& action) {
  try {
    step(action);
    settleDone();
  } catch (const MachineStopped&) {
    checkServed();  // what clients saw until now
    restart();
  }
  checkServed();
  checkKept();
}

void World::step(const Action& action) {
  ++ticks_;
  Acting& acting = acting_[action.player];
  switch (action.kind) {
    case Action::Kind::Begin:
      return begin(action);
    case Action::Kind::Compile:
      // Compiling reads what the attempt was given only, so what others do meanwhile can as well come before
      // or after it.
      path_->prepare(*acting.attempt);
      path_->conclude(*acting.attempt);
      acting.isWoken = true;
      return wakeOthers(action.player);
    case Action::Kind::Commit:
      return enter(action.player, action.fault);
    case Action::Kind::Publish:
      return leave();
    case Action::Kind::Apply:
      path_->apply(*change_);
      change_.reset();
      inSection_ = kNobody;
      nextMove(acting);
      return wakeOthers(kNobody);
    case Action::Kind::Finish:
      path_->unpin(moveOf(action.player).zone, *acting.pinned);
      return nextMove(acting);
    case Action::Kind::Crash:
      throw MachineStopped();
  }
}

void World::begin(const Action& action) {
  Acting& acting = acting_[action.player];
  const Move& move = moveOf(action.player);
  if (acting.attempt == nullptr) {
    switch (move.kind) {
      case Move::Kind::Submit:
        acting.attempt = std::make_unique<Attempt>(move.submission);
        break;
      case Move::Kind::Rollback:
        return beginRollback(acting, move);
      default:
        return changeZone(action, move);
    }
  }
  acting.isWoken = false;
  acting.attempt->letGo();
  path_->admit(*acting.attempt, kNow);
  if (acting.attempt->step != Step::Waiting) wakeOthers(action.player);
}

/// As Publisher::rollback does.
void World::beginRollback(Acting& acting, const Move& move) {
  path_->pin(move.zone, move.to);
  acting.pinned = move.to;
  const Result<std::shared_ptr<const Zone>> old = store_.content(move.zone, move.to);
  if (!old) {
    path_->unpin(move.zone, move.to);
    return nextMove(acting);
  }
  const ZoneState& state = *path_->find(move.zone);
  Rollback wish;
  wish.zone = move.zone;
  wish.to = move.to;
  wish.reason = "test";
  acting.submission = submissionOf(wish, *old, *state.content, state.stored.committed);
  acting.submission.digest = move.text;
  acting.attempt = std::make_unique<Attempt>(acting.submission);
}

void World::changeZone(const Action& action, const Move& move) {
  store_.next = action.fault;
  if (action.fault == Fault::Fails || action.fault == Fault::FailsDurably) ++failures_;
  Acting& acting = acting_[action.player];
  if (move.kind == Move::Kind::CleanUp) {
    (void)path_->cleanUp(move.zone, Retention(), standingClock());
    store_.next = Fault::None;
    return nextMove(acting);
  }
  Result<ZoneChange> staged = stage(move);
  if (!staged) {
    // Durable before a crash took the answer: done already.
    const ErrorKind done = move.kind == Move::Kind::Add ? ErrorKind::Conflict : ErrorKind::NotFound;
    if (crashes_ == 0 || staged.error().kind != done)
      throw Violation(move.text + " failed: " + staged.error().text());
    return nextMove(acting);
  }
  if (!path_->write(*staged)) return nextMove(acting);
  change_ = *std::move(staged);
  inSection_ = action.player;
}

Result<ZoneChange> World::stage(const Move& move) {
  switch (move.kind) {
    case Move::Kind::Forget:
      return path_->stageRemoval(move.zone, "test", true, {});
    case Move::Kind::Add:
      return path_->stageAdd(move.zone, {});
    case Move::Kind::Freeze:
      return path_->stageFreeze(move.zone, "test", {}, "");
    default:
      return path_->stageFreeze(move.zone, std::nullopt, {}, "");
  }
}

void World::enter(std::size_t player, Fault fault) {
  batch_ = path_->choose(kNow);
  wakeOthers(kNobody);
  acting_[player].isWoken = false;
  if (batch_.isEmpty()) return;
  inSection_ = player;
  if (fault == Fault::Fails || fault == Fault::FailsDurably) ++failures_;
  store_.next = fault;
  durable_.emplace(path_->commit(batch_));
}

void World::leave() {
  if (*durable_) {
    for (const Batch::Part& part : batch_.parts) checkPublishing(part);
    path_->publish(**std::move(durable_));
  } else {
    path_->fail(batch_, durable_->error());
  }
  durable_.reset();
  batch_ = {};
  inSection_ = kNobody;
  wakeOthers(kNobody);
}

void World::nextMove(Acting& acting) {
  acting = Acting{.move = acting.move + 1, .submission = {}, .attempt = {}, .pinned = {}};
}

/// As notify_all does. And notes who has come to wait for what, in which order.
void World::wakeOthers(std::size_t player) {
  for (std::size_t i = 0; i < acting_.size(); ++i) {
    Acting& acting = acting_[i];
    if (i != player) acting.isWoken = true;
    if (acting.attempt == nullptr) continue;
    if (acting.attempt->step != Step::Ready) acting.readySince = 0;
    if (acting.attempt->step == Step::Ready && acting.readySince == 0) acting.readySince = ticks_;
    if (acting.attempt->lost >= 2 && acting.turnSince == 0) acting.turnSince = ticks_;
  }
}

void World::writeRecords() {
  for (Record* record = path_->takeRecords(); record != nullptr; record = record->next) {
    (void)store_.record(record->zone, record->entry);
    record->isWritten = true;
  }
}

/// Who is done gets the answer at once: nothing that others do depends on when.
void World::settleDone() {
  for (std::size_t player = 0; player < acting_.size(); ++player) {
    Acting& acting = acting_[player];
    if (player == inSection_ || isAtEnd(player)) continue;
    if (acting.attempt == nullptr || acting.attempt->step != Step::Done) continue;
    if (acting.attempt->record.isQueued && !acting.attempt->record.isWritten) writeRecords();
    checkOutcome(acting, moveOf(player));
    if (!acting.pinned) nextMove(acting);
  }
}

std::string World::describe(const Action& action) const {
  if (action.kind == Action::Kind::Crash) return "the machine stops, and comes back";
  const std::string who = scenario_.players[action.player].name;
  const Move& move = moveOf(action.player);
  const auto with = [&](const std::string& text) {
    switch (action.fault) {
      case Fault::None:
        return text;
      case Fault::Fails:
        return text + ": the write fails";
      case Fault::FailsDurably:
        return text + ": the write fails, but is on the disk";
      case Fault::CrashBefore:
        return text + ": the machine stops before the write, and comes back";
      case Fault::CrashDurable:
        return text + ": the machine stops after the write, untold, and comes back";
    }
    return text;
  };
  switch (action.kind) {
    case Action::Kind::Begin:
      return with(who + ": " + (acting_[action.player].attempt ? "tries again: " : "") + move.text);
    case Action::Kind::Compile:
      return who + ": compiles and judges " + move.text;
    case Action::Kind::Commit:
      return with(who + ": enters the critical section with " + move.text + ", commits");
    case Action::Kind::Publish:
      return who + ": swaps, leaves the critical section";
    case Action::Kind::Apply:
      return who + ": " + move.text + " is in force";
    default:
      return who + ": is done with " + move.text;
  }
}

}  // namespace holdfast::test
