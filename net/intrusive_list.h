// A doubly linked list whose links are in its members, so that joining and
// leaving allocate nothing and leaving needs no search. One thread.
#ifndef PGBRAID_NET_INTRUSIVE_LIST_H_
#define PGBRAID_NET_INTRUSIVE_LIST_H_

namespace pgbraid::net::internal {

// What a member of a list inherits. It is in one list at most, and leaves it
// when it is destroyed.
class ListNode {
 public:
  ListNode() = default;
  ~ListNode() { Unlink(); }
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool linked() const { return next_ != this; }

  void Unlink() {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

 private:
  template <class T>
  friend class IntrusiveList;

  ListNode* prev_ = this;
  ListNode* next_ = this;
};

// Owns none of its members. T inherits ListNode.
template <class T>
class IntrusiveList {
 public:
  bool empty() const { return !head_.linked(); }

  // `member` must not be in a list.
  void PushBack(T& member) {
    ListNode& node = member;
    node.prev_ = head_.prev_;
    node.next_ = &head_;
    head_.prev_->next_ = &node;
    head_.prev_ = &node;
  }

  // Null if the list is empty.
  T* PopFront() {
    if (empty()) return nullptr;
    ListNode* node = head_.next_;
    node->Unlink();
    return static_cast<T*>(node);
  }

 private:
  ListNode head_;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_INTRUSIVE_LIST_H_
