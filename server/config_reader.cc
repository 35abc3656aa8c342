// The adapter to yaml-cpp: the only file that includes it. Its exceptions end here.
#include <yaml-cpp/yaml.h>

#include <functional>
#include <set>

#include "server/config.h"
#include "server/config_options.h"
#include "server/option_text.h"
#include "server/whole_file.h"
#include "zone/suggest.h"

namespace holdfast {

namespace {

// yaml-cpp does not say where a null stands, so the place told is that of its key.
constexpr const char* kEmptyMapping = "is empty: write {} or leave the key out";

class ConfigReader {
 public:
  ConfigReader(const std::string& file, LoadedConfig& out) : file_(file), out_(out) {}

  void readDocument(const YAML::Node& root) {
    readOptions<Config>(root, "", serverOptions(), out_.config, {"zones"},
                        [&](const std::string&, const YAML::Node& node) { readZones(node); });
    for (auto& [name, zone] : out_.config.live.zones) {
      zone.guard.maxReasons = out_.config.live.reasons;
      zone.guard.maxWarnings = out_.config.live.warnings;
    }
    out_.config.live.enactors.planBytes = out_.config.live.planBytes;
    checkHistory(root);
  }

  void error(const YAML::Mark& mark, const std::string& key, const std::string& rule) {
    out_.errors.push_back({ErrorKind::Invalid, placeOf(mark), key.empty() ? rule : key + ": " + rule});
  }

 private:
  /// What one key asks to be kept another one must not take away.
  void checkHistory(const YAML::Node& root) {
    const LiveConfig& live = out_.config.live;
    if (live.historyKeep <= live.historyMax) return;
    error(root["history"].Mark(), "history.keep",
          "is " + std::to_string(live.historyKeep) + ", and must be history.max at most, which is " +
              std::to_string(live.historyMax) + ": more is wanted than may be kept");
  }

  std::string placeOf(const YAML::Mark& mark) const {
    if (mark.is_null()) return file_;
    return file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  }

  using Extra = std::function<void(const std::string& key, const YAML::Node& node)>;

  /// Reads a mapping whose keys are the options' paths below `path`, or one of `extraKeys`.
  template <class Owner>
  void readOptions(const YAML::Node& node, const std::string& path, std::span<const Option<Owner>> options,
                   Owner& owner, const std::vector<std::string>& extraKeys, const Extra& extra,
                   const std::string& group = "") {
    eachEntry(node, path, [&](const std::string& key, const YAML::Node& keyNode, const YAML::Node& value) {
      const std::string inTable = group.empty() ? key : group + "." + key;
      const std::string full = path.empty() ? key : path + "." + key;
      bool isGroup = false;
      for (const Option<Owner>& option : options) {
        if (option.key == inTable) return readOption(option, full, keyNode, value, owner);
        isGroup = isGroup || option.key.starts_with(inTable + ".");
      }
      if (isGroup && value.IsNull()) return error(keyNode.Mark(), full, kEmptyMapping);
      if (isGroup) return readOptions<Owner>(value, full, options, owner, {}, {}, inTable);
      for (const std::string& each : extraKeys)
        if (each == key) return extra(key, value);
      error(keyNode.Mark(), full, "unknown key" + suggestion(key, options, extraKeys, group));
    });
  }

  template <class Owner>
  static std::string suggestion(const std::string& key, std::span<const Option<Owner>> options,
                                const std::vector<std::string>& extraKeys, const std::string& group) {
    std::set<std::string_view> known(extraKeys.begin(), extraKeys.end());
    for (const Option<Owner>& option : options) {
      std::string_view rest = option.key;
      if (!group.empty()) {
        if (!rest.starts_with(group + ".")) continue;
        rest.remove_prefix(group.size() + 1);
      }
      known.insert(rest.substr(0, rest.find('.')));
    }
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    return didYouMean(key, candidates);
  }

  /// Calls `visit` with each entry of a mapping; a key twice, or one that is no plain text, is an error.
  void eachEntry(
      const YAML::Node& node, const std::string& path,
      const std::function<void(const std::string&, const YAML::Node& key, const YAML::Node& value)>& visit) {
    if (node.IsNull()) return error(node.Mark(), path, kEmptyMapping);
    if (!node.IsMap()) return error(node.Mark(), path, "must be a mapping of keys to values");
    std::map<std::string, int> lines;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        error(entry.first.Mark(), path, "a key must be plain text");
        continue;
      }
      const std::string key = entry.first.Scalar();
      const auto [first, isNew] = lines.emplace(key, entry.first.Mark().line + 1);
      if (isNew)
        visit(key, entry.first, entry.second);
      else
        error(entry.first.Mark(), path.empty() ? key : path + "." + key,
              "is given twice, first on line " + std::to_string(first->second));
    }
  }

  template <class Owner>
  void readOption(const Option<Owner>& option, const std::string& path, const YAML::Node& keyNode,
                  const YAML::Node& value, Owner& owner) {
    const Slot slot = option.slot(owner);
    if (value.IsNull()) return error(keyNode.Mark(), path, "has no value");
    switch (option.type) {
      case OptionType::Addresses:
        return readAddresses(value, path, *std::get<std::vector<std::string>*>(slot));
      case OptionType::TtlRange:
        return readTtl(value, path, option.max, std::get<TtlBounds>(slot));
      case OptionType::Enactors:
        return readEnactors(value, path, *std::get<std::vector<EnactorSpec>*>(slot));
      case OptionType::Velocity:
      case OptionType::ServerVelocity:
        return readVelocityLimits({option.type, option.min, option.max, {}}, value, path,
                                  *std::get<VelocityPolicy*>(slot));
      case OptionType::Floors:
        return readFloors(value, path, option.max, *std::get<EndpointFloors*>(slot));
      default:
        break;
    }
    if (!value.IsScalar()) return error(value.Mark(), path, "must be a single value");
    const OptionRule limits{option.type, option.min, option.max, option.words};
    const std::string rule = option.type == OptionType::Quarantine
                                 ? readQuarantine(limits, value.Scalar(), *std::get<Quarantine*>(slot))
                                 : readScalar(limits, value.Scalar(), slot);
    if (!rule.empty()) error(value.Mark(), path, rule + ", not \"" + value.Scalar() + "\"");
  }

  void readAddresses(const YAML::Node& value, const std::string& path, std::vector<std::string>& out) {
    if (!value.IsScalar() && !(value.IsSequence() && value.size() > 0))
      return error(value.Mark(), path, "must be ADDRESS:PORT or a list of them");
    out.clear();
    const auto read = [&](const YAML::Node& item) {
      std::string address;
      const std::string rule = item.IsScalar() ? readAddress(item.Scalar(), address) : "must be ADDRESS:PORT";
      if (!rule.empty())
        error(item.Mark(), path, rule + (item.IsScalar() ? ", not \"" + item.Scalar() + "\"" : ""));
      else if (std::find(out.begin(), out.end(), address) != out.end())
        error(item.Mark(), path, address + " is given twice");
      else
        out.push_back(address);
    };
    if (value.IsScalar()) return read(value);
    for (const auto& item : value) read(item);
  }

  void readTtl(const YAML::Node& value, const std::string& path, std::uint64_t max, TtlBounds out) {
    const std::string rule =
        "must be [min, max] in seconds, min not above max, at most " + std::to_string(max);
    if (!value.IsSequence() || value.size() != 2 || !value[0].IsScalar() || !value[1].IsScalar())
      return error(value.Mark(), path, rule);
    const auto low = readCount(value[0].Scalar()), high = readCount(value[1].Scalar());
    if (!low || !high || *low > *high || *high > max) return error(value.Mark(), path, rule);
    *out.min = static_cast<std::uint32_t>(*low);
    *out.max = static_cast<std::uint32_t>(*high);
  }

  /// Reads the entries of a mapping of single values by `read`, which returns the rule a value breaks, none
  /// for a key that is not one of `keys`.
  void readValues(const YAML::Node& node, const std::string& path, const std::vector<std::string_view>& keys,
                  const std::function<std::string(const std::string& key, const std::string& text)>& read) {
    eachEntry(node, path, [&](const std::string& key, const YAML::Node& keyNode, const YAML::Node& value) {
      const std::string full = path + "." + key;
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        return error(keyNode.Mark(), full, "unknown key" + didYouMean(key, keys));
      if (value.IsNull()) return error(keyNode.Mark(), full, "has no value");
      if (!value.IsScalar()) return error(value.Mark(), full, "must be a single value");
      const std::string rule = read(key, value.Scalar());
      if (!rule.empty()) error(value.Mark(), full, rule + ", not \"" + value.Scalar() + "\"");
    });
  }

  void readVelocityLimits(const OptionRule& rule, const YAML::Node& value, const std::string& path,
                          VelocityPolicy& out) {
    if (value.IsScalar() && value.Scalar() == "off") {
      for (const VelocityKey& key : velocityKeys())
        if (key.isPercent) out.*(key.number) = 100;
      return;
    }
    if (!value.IsMap())
      return error(value.Mark(), path, "must be off or a mapping, such as {targets: 20%, per: 10m}");
    std::vector<std::string_view> keys;
    for (const VelocityKey& key : velocityKeys())
      if (rule.type == OptionType::Velocity || key.ofServer) keys.push_back(key.key);
    readValues(value, path, keys, [&](const std::string& name, const std::string& text) {
      const auto known = std::ranges::find(velocityKeys(), name, &VelocityKey::key);
      return readVelocity(*known, rule, text, out);
    });
  }

  void readFloors(const YAML::Node& value, const std::string& path, std::uint64_t most, EndpointFloors& out) {
    if (!value.IsMap())
      return error(value.Mark(), path, "must be a mapping, such as {web: {min-targets: 2}}");
    eachEntry(value, path, [&](const std::string& key, const YAML::Node& keyNode, const YAML::Node& limits) {
      const std::string here = path + "." + key;
      const Result<Name> name = Name::fromText(key, zone_);
      if (!name) return error(keyNode.Mark(), here, name.error().text());
      if (!name->view().isAtOrBelow(zone_))
        return error(keyNode.Mark(), here, name->text() + " is not in the zone " + zone_.text());
      if (out.find(*name) != nullptr)
        return error(keyNode.Mark(), here, "the endpoint " + name->text() + " is given twice");
      EndpointFloor floor;
      std::uint32_t number = 0;
      readValues(
          limits, here, {"min-targets", "min-capacity"}, [&](const std::string& of, const std::string& text) {
            const bool isTargets = of == "min-targets";
            const OptionType type = isTargets ? OptionType::Count : OptionType::Percent;
            std::string rule =
                readScalar({type, isTargets ? 1u : 0u, isTargets ? most : 100u, {}}, text, Slot(&number));
            if (rule.empty()) (isTargets ? floor.minTargets : floor.minCapacityPercent) = number;
            return rule;
          });
      out.set(*name, floor);
    });
  }

  void readEnactors(const YAML::Node& value, const std::string& path, std::vector<EnactorSpec>& out) {
    if (!value.IsSequence())
      return error(value.Mark(), path, "must be a list, such as [{watch: /a/directory}]");
    std::size_t index = 0;
    for (const auto& item : value) {
      EnactorSpec spec;
      const std::string here = path + "[" + std::to_string(index++) + "]";
      spec.where = placeOf(item.Mark()) + ": " + here;
      const std::size_t errorsBefore = out_.errors.size();
      eachEntry(item, here, [&](const std::string& key, const YAML::Node&, const YAML::Node& argument) {
        if (!argument.IsScalar()) return error(argument.Mark(), here + "." + key, "must be a single value");
        if (spec.kind.empty()) {
          spec.kind = key;
          spec.argument = argument.Scalar();
        } else {
          spec.options[key] = argument.Scalar();
        }
      });
      if (out_.errors.size() != errorsBefore) continue;
      if (!isKind(spec.kind))
        error(item.Mark(), here, "must name a kind of Enactor by letters, digits and -, such as watch");
      else if (std::find(out.begin(), out.end(), spec) != out.end())
        error(item.Mark(), here, "is given twice");
      else
        out.push_back(std::move(spec));
    }
  }

  /// The kind becomes part of a file name, so it must not be able to leave the plugin directory.
  static bool isKind(const std::string& kind) {
    return !kind.empty() &&
           kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
  }

  void readZones(const YAML::Node& node) {
    eachEntry(node, "zones", [&](const std::string& key, const YAML::Node& keyNode, const YAML::Node& value) {
      const std::string path = "zones." + key;
      const auto name = Name::absolute(key);
      if (key.empty() || key == "@" || !name)
        return error(keyNode.Mark(), path, name ? "is not a zone name" : name.error().text());
      if (out_.config.live.zones.contains(*name))
        return error(keyNode.Mark(), path, "the zone " + name->text() + " is given twice");
      ZoneConfig& zone = out_.config.live.zones[*name];
      if (value.IsNull()) return;  // "example.net:" is a zone with the defaults
      zone_ = *name;
      readOptions<ZoneConfig>(value, path, zoneOptions(), zone, {}, {});
    });
  }

  const std::string& file_;
  LoadedConfig& out_;
  Name zone_;  // the one being read: names are relative to it
};

}  // namespace

LoadedConfig parseConfig(std::string_view yaml, const std::string& file) {
  LoadedConfig loaded{defaultConfig(), {}};
  ConfigReader reader(file, loaded);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    if (documents.empty() || documents[0].IsNull())
      reader.error(YAML::Mark::null_mark(), "", "is empty: a configuration of defaults only is written {}");
    else if (documents.size() > 1)
      reader.error(documents[1].Mark(), "", "must be one YAML document");
    else
      reader.readDocument(documents[0]);
  } catch (const YAML::Exception& problem) {
    reader.error(problem.mark, "", "not YAML: " + problem.msg);
  }
  return loaded;
}

LoadedConfig loadConfig(const std::string& file) {
  const auto content = readWholeFile(file);
  if (content) return parseConfig(*content, file);
  LoadedConfig failed;
  failed.errors.push_back({ErrorKind::Unreadable, file, "cannot be read: " + content.error().what});
  return failed;
}

}  // namespace holdfast
