#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "zone/fence_file.h"
#include "zone/good_copies.h"
#include "zone/plan_store.h"
#include "zone/sqlite_entries.h"
#include "zone/sqlite_schema.h"
#include "zone/sqlite_zones.h"
#include "zone/state_directory.h"

namespace holdfast {

/// The embedded plan store: one SQLite file with a write-ahead log, every commit synced, and beside it a file
/// for each last-known-good generation. docs/plan-store.md describes both.
///
/// One connection writes and one reads, so that neither waits for the other; maintain() has a third. What is
/// served is remembered too: a store that is lost under a running server is made anew from that.
class SqliteStore final : public PlanStore {
 public:
  static Result<std::unique_ptr<PlanStore>> open(const std::string& directory, const StoreOptions& options);

  Result<std::vector<StoredZone>> zones() override;
  Status putZone(const StoredZone& zone, const HistoryEntry& event) override;
  Status forgetZone(NameView apex) override;
  Result<std::shared_ptr<const Zone>> content(NameView apex, Generation generation) override;
  Status commit(std::span<const ZoneCommit> commits) override;
  Status takeBack(const StoredZone& zone) override;
  Status record(NameView apex, const HistoryEntry& entry) override;
  Result<std::vector<HistoryEntry>> history(NameView apex, std::size_t limit, std::int64_t beforeId) override;
  Status replay(NameView apex, WallTime since, const ChangeVisitor& visit) override;
  Result<std::optional<HistoryEntry>> lastChangeOf(NameView apex, NameView name, Generation upTo) override;
  Result<SealReport> verify(NameView apex) override;
  Result<bool> chooseCleanUp(NameView apex, const Retention& retention, std::span<const Generation> inUse,
                             WallTime now) override;
  Result<CleanUpReport> cleanUp(NameView apex, const Retention& retention, std::span<const Generation> inUse,
                                WallTime now) override;
  Status promote(const std::shared_ptr<const Zone>& zone, std::size_t keep) override;
  Result<std::shared_ptr<const Zone>> anyContent(NameView apex, std::vector<Error>& problems) override;
  Status maintain() override;
  ZoneHead head(NameView apex) override;
  StoreStats stats() override;
  std::vector<Error> takeProblems() override;

  /// What a file looks like from outside; all 0: it is not there.
  struct FileState {
    std::uint64_t device = 0, inode = 0, octets = 0;
    std::int64_t changed = 0;  ///< nanoseconds since 1970
    bool isSameFile(const FileState& other) const noexcept {
      return device == other.device && inode == other.inode;
    }
    friend bool operator==(const FileState&, const FileState&) = default;
  };

 private:
  using Sync = SqliteDatabase::Sync;
  /// The image of a zone, as far as the store knows of one.
  /// Tells whether zones of the file may have gone or come again since: rows are found by name.
  struct StoreMoment {
    std::uint64_t incarnation = 0, forgotten = 0;
    friend bool operator==(const StoreMoment&, const StoreMoment&) = default;
  };
  struct HeldImage {
    Generation generation = 0;      ///< 0: there is none
    std::uint64_t incarnation = 0;  ///< of the file whose seal it has
    std::uint64_t changes = 0;      ///< names changed since
    std::uint64_t octets = 0;
    std::chrono::steady_clock::time_point at{}, notBefore{};  ///< written; when another may be
  };
  /// What is remembered of a zone.
  struct Held {
    StoredZone zone;
    std::shared_ptr<const Zone> content;  ///< what is served; null while there is none
    bool isDamaged = false;               ///< what is stored of it cannot be read: nothing may build on it
    bool isChanged = true;                ///< since maintain() looked at it
    bool isUnread = false;                ///< it came from an image: what is stored of it is yet to be read
    HeldImage image{};
  };
  /// Where it is remembered, made before a transaction: after its COMMIT nothing may fail (I11).
  struct Remembered {
    std::map<Name, Held>::node_type newHeld;  ///< to be inserted, where there was none
    std::map<Name, ZoneHead>::node_type newHead;
    Held* held = nullptr;
    ZoneHead* head = nullptr;
    ZoneHead next;
  };
  /// A row of `zones` that is to become what is remembered of its zone.
  struct Mending {
    std::int64_t row = 0;  ///< 0: there is neither row nor history
    std::string why;
    // Where there is none: the copies that are there, newest first, and the newest that reads.
    std::vector<Generation> copies{};
    std::shared_ptr<const Zone> content{};
  };
  /// Content that may be served in place of what is committed.
  struct Substitute {
    Generation generation = 0;
    bool hasCopy = false;  ///< in a file of its own
  };

  SqliteStore(StateDirectory state, StoreOptions options);

  // sqlite_open.cc
  Status openWritable(const Filling& fill);
  Status openReadable();
  Status openInMemory(SqliteDatabase& source);

  // sqlite_recovery.cc
  Status start();
  std::string damageAtStart();
  Status salvage(const std::string& damage);
  Status openCopies();
  Status setAside(const std::string& why);
  Filling fromCopies(std::size_t& found);
  Result<std::size_t> restoreCopies(SqliteDatabase& database);
  Result<std::size_t> restoreFences(SqliteDatabase& database);
  Generation fenceInFile(const Name& apex) const noexcept;
  bool isRemovedInFile(const Name& apex) const noexcept;
  Status rebuild(const std::string& why);
  Status becomeWritable();
  Status openAgain();
  Status insertHeld(SqliteDatabase& database);
  void closeAll();
  bool isFileThere() const;
  void tell(const std::string& where, const std::string& what);

  // sqlite_damage.cc
  bool noteLog() noexcept;
  bool isLogThere() const noexcept;
  std::string disagreement(SqliteDatabase& fresh) const;
  Result<SqliteDatabase> openFresh() const;
  Status checkFiles();

  // sqlite_room.cc
  void keepRoom();
  void cutLog() noexcept;
  Status copyLogBack();

  // sqlite_mending.cc
  Result<std::vector<StoredZone>> readZones();
  Result<std::vector<StoredZone>> readLostZones(const std::vector<ZoneRow>& rows,
                                                std::vector<std::int64_t> lost,
                                                const std::vector<StoredZone>& known);
  std::vector<StoredZone> findUnknownZones(const std::vector<StoredZone>& known);
  void takeCopies(StoredZone& zone, Mending& mending);
  std::string mend(StoredZone& zone, const ZoneRow& row, const ToldByHistory& told);
  std::string lowerFence(StoredZone& zone, const ZoneRow& row, const ToldByHistory& told);
  std::vector<KnownFence> knownFences() const;
  Status writeFences();
  Generation fenceOutside(const StoredZone& zone, std::int64_t row);
  Status mendRows();
  Status mendRow(const StoredZone& zone, std::int64_t row, const std::string& why, std::string& seal);
  Status insertUnknown(const StoredZone& zone, const Mending& mending, std::string& seal);

  // sqlite_store.cc
  Status write(Sync sync, const std::function<Status()>& work);
  Result<ZoneHead> insertCommit(const ZoneCommit& commit);
  Remembered place(const Name& apex);
  void insert(Remembered& remembered) noexcept;
  Result<bool> isChainWhole(const std::string& apex, const Zone& before);
  Status refreshHead(NameView apex);

  // sqlite_good.cc
  Status leaveBehind(const std::string& apex, Generation restored, ZoneHead& head);

  // sqlite_reading.cc
  Status readable() const;
  Result<std::int64_t> rowOf(NameView apex);
  Result<std::shared_ptr<const Zone>> storedContent(const SqliteReadTransaction& transaction, NameView apex,
                                                    Generation generation);
  std::vector<Substitute> substitutesFor(NameView apex);

  // sqlite_retention.cc
  /// What is needed for itself, whatever its age, at one moment; and all that is committed after that.
  struct WantedContents {
    std::set<Generation> known;
    Generation newest = 0;  ///< at that moment
    bool contains(Generation generation) const { return generation > newest || known.contains(generation); }
  };
  struct CleanUpLine {
    std::int64_t id = 0;
    std::optional<Generation> generation;  ///< of its content, where it has one
  };
  /// What one call of cleanUp() removes.
  struct CleanUpPieces {
    std::vector<CleanUpLine> commits, others;
    std::vector<std::int64_t> parts;
    bool more = false;  ///< there is more than these
    bool isEmpty() const noexcept { return commits.empty() && others.empty() && parts.empty(); }
  };
  struct CleanUpChoice {
    Name apex;
    std::int64_t zone = 0;
    std::uint64_t incarnation = 0, forgotten = 0;
    WantedContents wanted;
    CleanUpPieces pieces;
  };
  WantedContents wantedOf(const Held& held, std::span<const Generation> inUse);
  static Result<CleanUpPieces> choosePieces(SqliteDatabase& database, std::int64_t zone,
                                            const WantedContents& wanted, const Retention& retention,
                                            WallTime now);
  Result<CleanUpPieces> takeChoice(const Held& held, std::int64_t zone, const Retention& retention,
                                   std::span<const Generation> inUse, WallTime now);

  // sqlite_clean_up.cc
  Status removePieces(const std::string& apex, std::int64_t zone, const CleanUpPieces& pieces, WallTime now,
                      CleanUpReport& report, std::string& seal);
  Result<std::uint64_t> removeEntries(std::int64_t zone, const std::vector<CleanUpLine>& lines);
  Status mergeAnchors(std::int64_t zone);

  // sqlite_upkeep.cc
  Status writeCheckpoints(SqliteDatabase& keeper);
  Status checkpointZone(const std::shared_ptr<const Zone>& content);
  Status dropStrayCopies(SqliteDatabase& keeper);
  Status dropCopies(SqliteDatabase& keeper, const std::set<Name>& known, const std::set<Name>& going);
  Status giveBackSpace(SqliteDatabase& keeper);
  void measure(SqliteDatabase& keeper);

  // sqlite_images.cc
  std::string imageOf(NameView apex) const;
  std::shared_ptr<const Zone> imagedContent(NameView apex, Generation generation);
  Result<std::shared_ptr<const Zone>> readImage(NameView apex, Generation generation, HeldImage& image);
  void tendImages(SqliteDatabase& keeper);
  void readUnread(SqliteDatabase& keeper);
  bool wantsImage(const Held& held, std::chrono::steady_clock::time_point now) const;
  Status replayChanges(NameView apex, WallTime since, const ChangeVisitor& visit);
  Result<std::uint64_t> writeImage(SqliteDatabase& keeper, const Zone& content, const StoreMoment& asOf);
  void writeImages(SqliteDatabase& keeper);
  void dropStrayImages();

  StateDirectory state_;
  const StoreOptions options_;
  const std::string file_, logFile_;
  const std::string images_;  ///< the directory of the images
  GoodCopies copies_;

  std::mutex writingFences_;  // guards what follows; locked before writing_, which does not wait for the file
  FenceFile fenceFile_;

  std::mutex writing_;  // guards what follows; locked before reading_
  std::optional<SqliteDatabase> writer_;
  std::map<Name, Held> held_;
  std::map<Name, Mending> mendings_;  ///< that could not be written yet
  std::vector<GoodCopies::Listed> copiesAtStart_;
  std::vector<KnownFence> fences_;  ///< as the file beside the store has them
  bool areFencesReadable_ = true;
  /// Zones whose copies are of before they were removed or forgotten, until maintain() removed those. In the
  /// file of fences before a zone is forgotten.
  std::set<Name> copiesToGo_;
  std::optional<CleanUpChoice> choice_;
  bool isSuspect_ = false;  ///< a write failed: the log is copied back before anything is written behind it
  bool isLost_ = false;     ///< the file is gone and no other could be made yet
  bool mayBecomeWritable_ = false;
  std::uint64_t incarnation_ = 0;  ///< changes with the file: the numbers of rows of another mean nothing
  std::uint64_t forgotten_ = 0;    ///< zones that were: the numbers of their rows are given again
  std::string readOnlyWhy_;
  StoreAge age_ = StoreAge::New;
  StoreFault openFault_ = StoreFault::None;
  FileState opened_;  ///< the file, as it was opened
  FileState log_;     ///< after the last write; all 0: not known
  std::int64_t nextTextsCheck_ = 0;
  bool hasStrayCopies_ = true;  ///< there may be copies that no row names
  bool hasStrayImages_ = true;  ///< there may be images that no zone wants

  // Of the thread that calls maintain().
  std::chrono::steady_clock::time_point nextPageCheck_{};
  FileState checkedFile_;

  std::mutex reading_;
  std::optional<SqliteDatabase> reader_;      // guarded by reading_, as what follows
  std::map<Name, std::int64_t> unnamedRows_;  ///< of zones whose row is yet to be mended
  /// Contents as images had them at the start, until replay() was asked for the zone: it need not rebuild
  /// them.
  std::map<Name, std::shared_ptr<const Zone>> imaged_;

  std::mutex knowing_;  // guards what follows; never held while waiting for a disk
  std::map<Name, ZoneHead> heads_;
  std::vector<Error> problems_;
  StoreStats stats_;
};

/// How the file looks now.
SqliteStore::FileState stateOf(const std::string& file) noexcept;

/// What is wrong with the structure of the file; empty: nothing. Reads all of it.
std::string damageIn(SqliteDatabase& database);

/// SHA-256 over the anchors of a zone, in hex: what the newest line of a clean-up vouches for.
Result<std::string> digestOfAnchors(SqliteDatabase& database, std::int64_t zone);

}  // namespace holdfast
