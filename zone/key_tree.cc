#include "zone/key_tree.h"

#include <algorithm>
#include <iterator>

namespace holdfast {

/// A leaf holds keys; an inner page holds children and the least key of each.
struct KeyTree::Page {
  std::vector<std::string> keys;
  std::vector<PagePtr> children;

  bool isLeaf() const noexcept { return children.empty(); }
  /// The child that has the key or would get it. REQUIRES: not a leaf.
  std::size_t childFor(const std::string& key) const noexcept {
    const auto above = std::upper_bound(keys.begin(), keys.end(), key);
    return above == keys.begin() ? 0 : static_cast<std::size_t>(above - keys.begin()) - 1;
  }
};

namespace {

constexpr std::size_t kPageKeys = 64;
/// Where more than one in so many keys changes, the tree is laid out anew.
constexpr std::size_t kRebuildShare = 16;

bool isAbove(std::span<const std::uint8_t> key, const std::string& other) noexcept {
  const auto* octets = reinterpret_cast<const std::uint8_t*>(other.data());
  return std::lexicographical_compare(key.begin(), key.end(), octets, octets + other.size());
}

std::span<const std::uint8_t> octetsIn(const std::string& key) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(key.data()), key.size()};
}

bool isBelow(const std::string& other, std::span<const std::uint8_t> key) noexcept {
  return std::ranges::lexicographical_compare(octetsIn(other), key);
}

void sortUnique(std::vector<std::string>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

}  // namespace

std::span<const std::uint8_t> KeyTree::atOrBefore(std::span<const std::uint8_t> key) const noexcept {
  if (!root_) return {};
  // Below the least of all keys: the ring closes at the greatest.
  bool last = false;
  for (const Page* page = root_.get();;) {
    const auto above =
        last ? page->keys.end() : std::upper_bound(page->keys.begin(), page->keys.end(), key, isAbove);
    if (above == page->keys.begin()) {
      last = true;
      page = root_.get();
      continue;
    }
    const auto at = static_cast<std::size_t>(above - page->keys.begin()) - 1;
    if (page->isLeaf())
      return {reinterpret_cast<const std::uint8_t*>(page->keys[at].data()), page->keys[at].size()};
    page = page->children[at].get();
  }
}

bool KeyTree::visitFrom(std::span<const std::uint8_t> key,
                        const std::function<bool(std::span<const std::uint8_t>)>& visit) const {
  return !root_ || visitPage(*root_, key, visit);
}

bool KeyTree::visitPage(const Page& page, std::span<const std::uint8_t> key,
                        const std::function<bool(std::span<const std::uint8_t>)>& visit) {
  if (page.isLeaf()) {
    auto at = std::lower_bound(page.keys.begin(), page.keys.end(), key, isBelow);
    for (; at != page.keys.end(); ++at)
      if (!visit(octetsIn(*at))) return false;
    return true;
  }
  const auto above = std::upper_bound(page.keys.begin(), page.keys.end(), key, isAbove);
  std::size_t child =
      above == page.keys.begin() ? 0 : static_cast<std::size_t>(above - page.keys.begin()) - 1;
  for (; child < page.children.size(); ++child)
    if (!visitPage(*page.children[child], key, visit)) return false;
  return true;
}

KeyTree KeyTree::with(std::vector<std::string> added, std::vector<std::string> removed) const {
  if ((added.size() + removed.size()) * kRebuildShare > size_)
    return rebuilt(std::move(added), std::move(removed));
  KeyTree tree = *this;
  for (const std::string& key : removed) {
    PagePtr root = erase(tree.root_, key);
    if (root == tree.root_) continue;
    tree.root_ = std::move(root);
    --tree.size_;
  }
  for (const std::string& key : added) {
    if (!tree.root_) tree.root_ = build({key});
    Grown grown = insert(*tree.root_, key);
    if (!grown.isNew) continue;
    ++tree.size_;
    tree.root_ = std::move(grown.page);
    if (!grown.right) continue;
    auto root = std::make_shared<Page>();
    root->keys = {tree.root_->keys.front(), grown.right->keys.front()};
    root->children = {tree.root_, std::move(grown.right)};
    tree.root_ = std::move(root);
  }
  return tree;
}

KeyTree KeyTree::rebuilt(std::vector<std::string> added, std::vector<std::string> removed) const {
  std::vector<std::string> present;
  if (root_) collect(*root_, present);
  sortUnique(added);
  sortUnique(removed);
  std::vector<std::string> kept, all;
  std::ranges::set_difference(present, removed, std::back_inserter(kept));
  std::ranges::set_union(kept, added, std::back_inserter(all));
  KeyTree tree;
  tree.size_ = all.size();
  tree.root_ = build(std::move(all));
  return tree;
}

void KeyTree::collect(const Page& page, std::vector<std::string>& keys) {
  if (page.isLeaf()) keys.insert(keys.end(), page.keys.begin(), page.keys.end());
  for (const PagePtr& child : page.children) collect(*child, keys);
}

KeyTree::PagePtr KeyTree::build(std::vector<std::string> sorted) {
  // Three quarters full, so that a page takes some more before it is cut in two.
  constexpr std::size_t kFill = kPageKeys * 3 / 4;
  std::vector<PagePtr> tier;
  for (std::size_t at = 0; at < sorted.size(); at += kFill) {
    auto leaf = std::make_shared<Page>();
    const auto begin = sorted.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(at + kFill, sorted.size()));
    leaf->keys.assign(std::move_iterator(begin), std::move_iterator(end));
    tier.push_back(std::move(leaf));
  }
  while (tier.size() > 1) {
    std::vector<PagePtr> above;
    for (std::size_t at = 0; at < tier.size(); at += kFill) {
      auto page = std::make_shared<Page>();
      for (std::size_t i = at; i < std::min(at + kFill, tier.size()); ++i) {
        page->keys.push_back(tier[i]->keys.front());
        page->children.push_back(std::move(tier[i]));
      }
      above.push_back(std::move(page));
    }
    tier = std::move(above);
  }
  return tier.empty() ? nullptr : tier.front();
}

KeyTree::Grown KeyTree::insert(const Page& page, const std::string& key) {
  if (page.isLeaf()) {
    const auto at = std::lower_bound(page.keys.begin(), page.keys.end(), key);
    if (at != page.keys.end() && *at == key) return {};
    auto copy = std::make_shared<Page>(page);
    copy->keys.insert(copy->keys.begin() + (at - page.keys.begin()), key);
    return cut(std::move(copy));
  }
  const std::size_t child = page.childFor(key);
  Grown grown = insert(*page.children[child], key);
  if (!grown.isNew) return {};
  auto copy = std::make_shared<Page>(page);
  const auto after = static_cast<std::ptrdiff_t>(child) + 1;
  copy->keys[child] = grown.page->keys.front();
  copy->children[child] = std::move(grown.page);
  if (grown.right) {
    copy->keys.insert(copy->keys.begin() + after, grown.right->keys.front());
    copy->children.insert(copy->children.begin() + after, std::move(grown.right));
  }
  return cut(std::move(copy));
}

KeyTree::Grown KeyTree::cut(std::shared_ptr<Page> page) {
  if (page->keys.size() <= kPageKeys) return {std::move(page), nullptr, true};
  auto right = std::make_shared<Page>();
  const auto half = static_cast<std::ptrdiff_t>(page->keys.size() / 2);
  right->keys.assign(page->keys.begin() + half, page->keys.end());
  page->keys.erase(page->keys.begin() + half, page->keys.end());
  if (!page->isLeaf()) {
    right->children.assign(page->children.begin() + half, page->children.end());
    page->children.erase(page->children.begin() + half, page->children.end());
  }
  return {std::move(page), std::move(right), true};
}

/// Pages are not merged: they only get emptier until they go, or until the tree is laid out anew.
KeyTree::PagePtr KeyTree::erase(const PagePtr& page, const std::string& key) {
  if (!page) return page;
  if (page->isLeaf()) {
    const auto at = std::lower_bound(page->keys.begin(), page->keys.end(), key);
    if (at == page->keys.end() || *at != key) return page;
    if (page->keys.size() == 1) return nullptr;
    auto copy = std::make_shared<Page>(*page);
    copy->keys.erase(copy->keys.begin() + (at - page->keys.begin()));
    return copy;
  }
  const std::size_t child = page->childFor(key);
  PagePtr now = erase(page->children[child], key);
  if (now == page->children[child]) return page;
  auto copy = std::make_shared<Page>(*page);
  const auto at = static_cast<std::ptrdiff_t>(child);
  if (now) {
    copy->keys[child] = now->keys.front();
    copy->children[child] = std::move(now);
  } else {
    copy->keys.erase(copy->keys.begin() + at);
    copy->children.erase(copy->children.begin() + at);
  }
  return copy->children.empty() ? nullptr : PagePtr(std::move(copy));
}

}  // namespace holdfast
