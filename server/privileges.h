#pragma once

#include <span>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

/// A directory of the server's own, and the key of the configuration that names it.
struct OwnDirectory {
  std::string_view key;
  std::string path;  ///< empty: none
};

/// Whether this process is root's, with whatever rights.
bool isRoot() noexcept;

/// Whether there is such a user and this process may become it.
Status checkUser(const std::string& user);

/// Started as root, becomes another user, with the groups that it has, and keeps no right of root's but that
/// to bind ports below 1024, until giveUpCapabilities(). The directories are made where they are missing, and
/// belong to that user then. No program that the server starts gets more rights than it has. Before any other
/// thread is there. Errors name the key to change.
Status becomeUser(const std::string& user, std::span<const OwnDirectory> directories);

/// What the calling thread, those that it makes from now on and liburcu's (zone/rcu.h) may do beyond what
/// their user may. As root it does nothing: that user was chosen for what only root can reach. REQUIRES: no
/// other threads that live on; as RcuRetired::drain(). An Error: the system does not let it.
Status giveUpCapabilities();

}  // namespace holdfast
