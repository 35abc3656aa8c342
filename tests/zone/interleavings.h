#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/zone/store_model.h"
#include "zone/commit_path.h"
#include "zone/rollback.h"

namespace holdfast::test {

/// One thing that somebody does. Each takes several steps, between which others take theirs.
struct Move {
  enum class Kind { Submit, Rollback, Freeze, Thaw, Forget, Add, CleanUp };
  Kind kind = Kind::Submit;
  std::string text;  ///< for the schedule that is printed
  Name zone;
  Submission submission{};  ///< of Submit
  Generation to = 0;        ///< of Rollback
};

/// Who does one thing after the other: an Enactor, a person, the clean-up.
struct Player {
  std::string name;
  std::vector<Move> moves;
};

/// What is explored: who is there, what is committed before, and how much may go wrong.
struct Scenario {
  std::vector<Player> players;
  Disk disk;
  unsigned crashes = 1;   ///< of the machine, in one schedule
  unsigned failures = 0;  ///< of writes, in one schedule
  CommitFaults faults;
  std::function<Submission(NameView zone, Generation)> newer;  ///< a valid plan, for the end
  /// A name and type of which every state must have a positive answer.
  std::vector<std::pair<Name, RRType>> answers;
  /// Owners whose single addresses end with the number of their plan: two of a kind tell a torn read.
  std::vector<std::pair<Name, Name>> twins;
};

/// A property that does not hold.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where commit paths wait until what they retired has been reclaimed.
class Graveyard {
 public:
  ~Graveyard() { empty(); }
  void bury(std::unique_ptr<CommitPath> path) {
    paths_.push_back(std::move(path));
    if (paths_.size() > 2000) empty();
  }

 private:
  void empty() {
    RcuRetired::drain();
    paths_.clear();
  }
  std::vector<std::unique_ptr<CommitPath>> paths_;
};

/// Everything that a schedule goes over: the real commit path, the modelled disk, and the players. One
/// thread, which holds an RcuThread.
class World {
 public:
  /// One step of one player, or a crash between steps.
  struct Action {
    enum class Kind { Begin, Compile, Commit, Publish, Apply, Finish, Crash };
    Kind kind = Kind::Begin;
    std::size_t player = 0;
    Fault fault = Fault::None;
  };

  World(const Scenario& scenario, Graveyard& graveyard);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::vector<Action> enabled() const;
  /// Takes the step and checks the invariants. Throws a Violation.
  void perform(const Action& action);
  /// Of a state in which nothing is left to do: what must be true in the end.
  void checkEnd();
  /// Equal where all that can matter later is equal.
  std::string fingerprint() const;
  std::string describe(const Action& action) const;

 private:
  struct Acting {
    std::size_t move = 0;
    Submission submission;  // of a rollback
    std::unique_ptr<Attempt> attempt;
    std::optional<Generation> pinned;
    bool isWoken = true;  // something happened since it last looked
    bool wasCut = false;  // a crash took the answer to its move
    std::size_t readySince = 0, turnSince = 0;
  };
  static constexpr std::size_t kNobody = ~std::size_t{0};

  const Move& moveOf(std::size_t player) const;
  bool isAtEnd(std::size_t player) const;
  void start();
  void restart();
  void step(const Action& action);
  void begin(const Action& action);
  void beginRollback(Acting& acting, const Move& move);
  void changeZone(const Action& action, const Move& move);
  Result<ZoneChange> stage(const Move& move);
  void enter(std::size_t player, Fault fault);
  void leave();
  void nextMove(Acting& acting);
  void wakeOthers(std::size_t player);
  void settleDone();
  void writeRecords();

  void checkOutcome(const Acting& acting, const Move& move) const;
  void checkRefusal(const Acting& acting, const ZoneState& state) const;
  void checkPublishing(const Batch::Part& part) const;
  void checkServed();
  void checkTwins(const Snapshot& served) const;
  void checkKept() const;
  bool isForgotten(NameView zone) const;
  bool hasLine(const Move& move, Fate fate, Generation generation) const;
  void print(std::string& out, const Acting& acting) const;

  const Scenario& scenario_;
  Graveyard& graveyard_;
  Disk disk_;
  StoreModel store_{disk_};
  std::unique_ptr<CommitPath> path_;
  std::vector<Acting> acting_;
  unsigned crashes_ = 0, failures_ = 0;
  std::size_t inSection_ = kNobody;
  Batch batch_;
  std::optional<Result<Durable>> durable_;
  std::optional<ZoneChange> change_;
  std::map<Name, Generation> seen_;  // the highest a client saw, over restarts
  std::set<Name> forgotten_;         // once, and perhaps added again since
  std::size_t ticks_ = 0;
};

/// What was gone over, and the first schedule that breaks a property.
struct Exploration {
  std::size_t states = 0, schedules = 0, steps = 0;
  std::string violation;  ///< empty: none
  std::string schedule;   ///< that leads to it, a step per line
};

/// Goes through all schedules depth first, each state once, until a property breaks. `mostStates` bounds it;
/// 0: all of them.
Exploration explore(const Scenario& scenario, std::size_t mostStates = 0);

}  // namespace holdfast::test
