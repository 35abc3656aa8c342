#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/flood/questions.h"
#include "tools/flood/server_address.h"
#include "zone/result.h"

namespace holdfast::flood {

/// A run, as its command line has it.
struct Options {
  std::string command, began;          ///< all of it, and when: for who reads the result later
  std::vector<ServerAddress> servers;  ///< asked in turn
  std::string questions;               ///< file
  Draw draw;
  bool isStamped = false;  ///< addresses carry the generation (Stamp)
  double perSecond = 0;    ///< of all threads together; 0: as many as are answered
  double seconds = 10;
  double timeout = 2;  ///< seconds
  double tcp = 0;      ///< share of the questions
  unsigned threads = 1;
  unsigned sockets = 4;      ///< of each thread, for each server
  unsigned connections = 2;  ///< the same, by TCP
  unsigned window = 256;     ///< questions that wait on one socket, where perSecond is 0
  std::uint64_t seed = 1;
  std::string json, html;  ///< files; empty: none
  bool isQuiet = false;
};

/// What a command line says; or what is to be printed, and the exit status.
struct Words {
  std::optional<Options> options;
  std::string text;
  int status = 0;
};
Words readOptions(int argc, const char* const* argv);

}  // namespace holdfast::flood
