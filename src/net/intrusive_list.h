#pragma once

namespace hermod::net {

/// A place in one IntrusiveList, embedded in the object that is listed: joining a list allocates nothing,
/// and destroying the object leaves the list. Same thread as its list.
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next_ != nullptr; }
  /// Leaves the list; nothing happens when it is in none.
  void unlink() {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = nullptr;
  }

 private:
  template <class T>
  friend class IntrusiveList;

  ListNode* prev_ = nullptr;
  ListNode* next_ = nullptr;
};

/// A doubly linked list of objects that derive from ListNode. Owns none of them; destroying the list only
/// unlinks them.
template <class T>
class IntrusiveList {
 public:
  IntrusiveList() { reset(); }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (pop_front() != nullptr) {
    }
    head_.prev_ = head_.next_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }

  /// Precondition: `item` is in no list.
  void push_back(T& item) {
    ListNode& node = item;
    node.prev_ = head_.prev_;
    node.next_ = &head_;
    head_.prev_->next_ = &node;
    head_.prev_ = &node;
  }

  /// The first item, no longer listed; nullptr when empty.
  T* pop_front() {
    if (empty()) return nullptr;
    ListNode* node = head_.next_;
    node->unlink();
    return static_cast<T*>(node);
  }

  /// Moves everything that `other` lists to the end of this list, in order.
  void take_all(IntrusiveList& other) {
    if (other.empty()) return;
    ListNode* first = other.head_.next_;
    ListNode* last = other.head_.prev_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
    other.reset();
  }

 private:
  void reset() { head_.prev_ = head_.next_ = &head_; }

  ListNode head_;
};

}  // namespace hermod::net
