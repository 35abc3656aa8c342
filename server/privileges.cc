#include "server/privileges.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "zone/file_descriptor.h"
#include "zone/rcu.h"

namespace holdfast {

namespace {

struct Ids {
  uid_t user = 0;
  gid_t group = 0;
};

std::string textOf(int cause) {
  return std::generic_category().message(cause);
}

Error wrongUser(const std::string& user, const std::string& what) {
  return {ErrorKind::Invalid, "user: " + user, what};
}

Result<Ids> idsOf(const std::string& user) {
  std::vector<char> text(16'384);
  passwd entry{};
  passwd* found = nullptr;
  if (const int cause = ::getpwnam_r(user.c_str(), &entry, text.data(), text.size(), &found); cause != 0)
    return wrongUser(user, "cannot be looked up: " + textOf(cause));
  if (found == nullptr) return wrongUser(user, "there is no such user: make one, or set user to off");
  return Ids{entry.pw_uid, entry.pw_gid};
}

Result<Ids> becomable(const std::string& user) {
  auto ids = idsOf(user);
  if (ids && ::geteuid() != 0 && ::geteuid() != ids->user)
    return wrongUser(user, "only root can become another user: set user to off");
  return ids;
}

/// Made as root, since /run and /var/lib are root's. What somebody put in its place meanwhile is not given
/// away.
Status makeDirectory(const std::filesystem::path& path, const Ids& owner, mode_t mode) {
  std::error_code problem;
  if (path.empty() || std::filesystem::exists(path, problem)) return Done{};
  const auto failed = [&](int cause) {
    return Error{ErrorKind::System, path.string(), "cannot make the directory: " + textOf(cause)};
  };
  constexpr mode_t kPassable = 0755;
  if (auto above = makeDirectory(path.parent_path(), Ids{}, kPassable); !above) return above;
  if (::mkdir(path.c_str(), mode) != 0) return failed(errno);
  const FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat made {};
  if (!directory || ::fstat(directory.get(), &made) != 0) return failed(errno);
  if (made.st_uid != ::geteuid()) return failed(EEXIST);
  if (::fchmod(directory.get(), mode) != 0 || ::fchown(directory.get(), owner.user, owner.group) != 0)
    return failed(errno);
  return Done{};
}

Status change(const std::string& user, const Ids& ids) {
  const auto failed = [&](int cause) {
    return wrongUser(user, "cannot be become (" + textOf(cause) +
                               "): that takes CAP_SETUID, CAP_SETGID, CAP_SETPCAP and CAP_NET_BIND_SERVICE");
  };
  if (::initgroups(user.c_str(), ids.group) != 0) return failed(errno);
  capng_clear(CAPNG_SELECT_BOTH);
  capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_NET_BIND_SERVICE);
  const auto flags = static_cast<capng_flags_t>(CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
  errno = 0;
  if (capng_change_id(static_cast<int>(ids.user), static_cast<int>(ids.group), flags) != 0)
    return failed(errno != 0 ? errno : EPERM);
  // Else /proc/self is root's from here on, and so is what upkeep asks there.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  return Done{};
}

/// The directory and what lies in it, as the user that this is by now.
Status checkAccess(const std::string& user, const OwnDirectory& directory) {
  if (directory.path.empty()) return Done{};
  const std::string key(directory.key);
  if (::access(directory.path.c_str(), W_OK | X_OK) != 0)
    return Error{ErrorKind::System, directory.path,
                 "user " + user + " cannot use it: " + textOf(errno) + ": set " + key +
                     " to a place in a directory of its own, which is made where it is missing"};
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path, problem))
    if (entry.is_regular_file(problem) && ::access(entry.path().c_str(), R_OK | W_OK) != 0)
      return Error{ErrorKind::System, entry.path().string(),
                   "user " + user + " cannot write it: " + textOf(errno) + ": what lies in " + key +
                       " has to belong to that user"};
  return Done{};
}

Status giveUpOwn() {
  capng_clear(CAPNG_SELECT_CAPS);
  errno = 0;
  if (capng_apply(CAPNG_SELECT_CAPS) != 0)
    return Error{
        ErrorKind::System, "capabilities",
        "cannot be given up: " + textOf(errno != 0 ? errno : EPERM) + ": allow the system call capset"};
  return Done{};
}

/// Does so on the thread that deletes it.
class GivingUp final : public RcuRetired {
 public:
  explicit GivingUp(Status& done) noexcept : done_(done) {}
  ~GivingUp() override { done_ = giveUpOwn(); }

 private:
  Status& done_;
};

}  // namespace

bool isRoot() noexcept {
  return ::geteuid() == 0;
}

Status checkUser(const std::string& user) {
  const auto ids = becomable(user);
  if (!ids) return ids.error();
  return Done{};
}

Status becomeUser(const std::string& user, std::span<const OwnDirectory> directories) {
  const auto ids = becomable(user);
  if (!ids) return ids.error();
  if (::geteuid() != ids->user) {
    constexpr mode_t kOwn = 0750;
    for (const OwnDirectory& directory : directories)
      if (auto made = makeDirectory(directory.path, *ids, kOwn); !made) return made;
    if (auto changed = change(user, *ids); !changed) return changed;
    for (const OwnDirectory& directory : directories)
      if (auto usable = checkAccess(user, directory); !usable) return usable;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return wrongUser(user, "cannot be become for good: " + textOf(errno));
  return Done{};
}

Status giveUpCapabilities() {
  if (::geteuid() == 0) return Done{};
  if (capng_get_caps_process() != 0) return Error{ErrorKind::System, "capabilities", "cannot be read"};
  if (capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE) return Done{};
  Status reclaimer = Done{};
  ReclaimStats stats;
  RcuRetired::retire(std::make_unique<GivingUp>(reclaimer), stats);
  RcuRetired::drain();
  return reclaimer ? giveUpOwn() : reclaimer;
}

}  // namespace holdfast
