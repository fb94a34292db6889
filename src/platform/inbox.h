#pragma once

#include <atomic>
#include <deque>
#include <utility>

namespace lodestone {

// What many threads hand over to one at a time. Nobody waits for anybody: whoever holds a lock may have lost its core,
// and the coordinator must not wait for that.
// Thread: Push, empty from any; TakeAll from one at a time.
template <typename T>
class Inbox {
 public:
  Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox() {
    std::deque<T> dropped;
    TakeAll(&dropped);
  }

  void Push(T item) {
    Node* node = new Node{std::move(item), newest_.load(std::memory_order_relaxed)};
    // Sequentially consistent, as what tells the other side is read or written next.
    while (!newest_.compare_exchange_weak(node->older, node)) {
    }
  }
  bool empty() const { return newest_.load() == nullptr; }
  // Appends what was pushed, oldest first.
  void TakeAll(std::deque<T>* out) {
    Node* node = newest_.exchange(nullptr);
    Node* oldest = nullptr;
    while (node) oldest = std::exchange(node, std::exchange(node->older, oldest));
    while (oldest) {
      out->push_back(std::move(oldest->item));
      delete std::exchange(oldest, oldest->older);
    }
  }

 private:
  struct Node {
    T item;
    Node* older;
  };

  std::atomic<Node*> newest_ = nullptr;
};

}  // namespace lodestone
