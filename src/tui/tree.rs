//! All texts that were made, as a tree of tokens: cutting, forcing and drawing again move the end of the text, and what
//! stood there stays.

mod kept;

use std::sync::Arc;

use super::state::TextToken;
use crate::session::trace::StepTrace;
#[cfg(test)]
use crate::session::trace::TokenId;

/// A place in the tree: the end of a text.
pub(crate) type NodeId = usize;

/// One token with what is known about it.
#[derive(Clone, Debug)]
struct Node {
    token: TextToken,
    parent: Option<NodeId>,
    children: Vec<NodeId>,
    /// The child through which the text went last: going forward follows it.
    last: Option<NodeId>,
    /// What the user calls the branch that begins here.
    title: Option<String>,
    /// About this token, as it was chosen.
    trace: Option<Arc<StepTrace>>,
    /// About the open slot after it.
    slot: Option<Arc<StepTrace>>,
    /// Removed branches stay, so that they can be brought back.
    removed: bool,
}

/// The tree. Several texts may start differently: after an edit of the prompt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
}

/// A branch as it is listed: a text that is the beginning of no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Where it ends.
    pub(crate) end: NodeId,
    /// Its first own token.
    pub(crate) start: NodeId,
    /// The position of that token.
    pub(crate) at: usize,
    /// How many branchings lie before it.
    pub(crate) depth: usize,
}

impl Tree {
    /// The node of `token` after `parent` (`None`: at the start): the one that is there, or a new one. A token of a prompt
    /// and one that was taken are two, though they are the same: what the user typed stays a prompt, and no other text
    /// becomes one by that.
    pub(crate) fn grow(&mut self, parent: Option<NodeId>, token: TextToken) -> NodeId {
        let same = |other: &TextToken| other.id == token.id && other.taken_by.is_none() == token.taken_by.is_none();
        let there = self.siblings(parent).iter().copied().find(|n| same(&self.nodes[*n].token));
        let node = there.unwrap_or_else(|| {
            let node = self.nodes.len();
            self.nodes.push(Node {
                token,
                parent,
                children: Vec::new(),
                last: None,
                title: None,
                trace: None,
                slot: None,
                removed: false,
            });
            match parent {
                Some(parent) => self.nodes[parent].children.push(node),
                None => self.roots.push(node),
            }
            node
        });
        self.nodes[node].removed = false;
        if let Some(parent) = parent {
            self.nodes[parent].last = Some(node);
        }
        node
    }

    /// The nodes from the start to `end`.
    pub(crate) fn path(&self, end: Option<NodeId>) -> Vec<NodeId> {
        let mut path: Vec<NodeId> = std::iter::successors(end, |node| self.nodes[*node].parent).collect();
        path.reverse();
        path
    }

    pub(crate) fn token(&self, node: NodeId) -> &TextToken {
        &self.nodes[node].token
    }

    pub(crate) fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.nodes[node].parent
    }

    /// What is known about a node's token.
    pub(crate) fn trace(&self, node: NodeId) -> Option<&Arc<StepTrace>> {
        self.nodes[node].trace.as_ref()
    }

    /// What is known about the slot after a node.
    pub(crate) fn slot(&self, node: NodeId) -> Option<&Arc<StepTrace>> {
        self.nodes[node].slot.as_ref()
    }

    pub(crate) fn set_trace(&mut self, node: NodeId, trace: Arc<StepTrace>) {
        self.nodes[node].trace = Some(trace);
    }

    pub(crate) fn set_slot(&mut self, node: NodeId, trace: Arc<StepTrace>) {
        self.nodes[node].slot = Some(trace);
    }

    /// The end that is reached from `node` by going where the text went last.
    pub(crate) fn forward(&self, node: NodeId) -> NodeId {
        let next = |node: &NodeId| self.nodes[*node].last.filter(|n| !self.nodes[*n].removed);
        std::iter::successors(Some(node), next).last().unwrap_or(node)
    }

    /// The other tokens tried in place of `node`, itself among them, in the order in which they came.
    pub(crate) fn tried(&self, node: NodeId) -> Vec<NodeId> {
        let all = self.siblings(self.nodes[node].parent);
        all.iter().copied().filter(|n| !self.nodes[*n].removed).collect()
    }

    /// Marks what begins with `node` as removed, or brings it back.
    pub(crate) fn set_removed(&mut self, node: NodeId, removed: bool) {
        self.nodes[node].removed = removed;
    }

    /// Every branch, each after the one that it leaves. `end` is listed although another text goes on from it.
    pub(crate) fn branches(&self, end: Option<NodeId>) -> Vec<Branch> {
        let mut found = Vec::new();
        for root in self.roots.iter().filter(|n| !self.nodes[**n].removed) {
            self.list(*root, Branch { end: *root, start: *root, at: 0, depth: 0 }, end, &mut found);
        }
        found
    }

    /// Follows a branch from `node` to its end, then what leaves it, from the earliest on.
    fn list(&self, node: NodeId, branch: Branch, current: Option<NodeId>, found: &mut Vec<Branch>) {
        let mut leaving = Vec::new();
        let (mut node, mut at) = (node, branch.at);
        loop {
            let children: Vec<NodeId> =
                self.nodes[node].children.iter().copied().filter(|n| !self.nodes[*n].removed).collect();
            let Some((first, others)) = children.split_first() else { break };
            leaving.extend(others.iter().map(|n| (*n, at + 1)));
            (node, at) = (*first, at + 1);
        }
        let depth = branch.depth;
        found.push(Branch { end: node, ..branch });
        // A text that ends inside of this branch is a text of its own while it is the present one.
        if let Some(current) = current.filter(|c| self.path(Some(node)).contains(c) && *c != node)
            && !found.iter().any(|b| b.end == current)
        {
            let at = self.path(Some(current)).len() - 1;
            found.push(Branch { end: current, start: current, at, depth: depth + 1 });
        }
        for (start, at) in leaving {
            self.list(start, Branch { end: start, start, at, depth: depth + 1 }, current, found);
        }
    }

    fn siblings(&self, parent: Option<NodeId>) -> &[NodeId] {
        match parent {
            Some(parent) => &self.nodes[parent].children,
            None => &self.roots,
        }
    }
}

/// The ids from the start to a node.
#[cfg(test)]
pub(crate) fn ids(tree: &Tree, end: Option<NodeId>) -> Vec<TokenId> {
    tree.path(end).into_iter().map(|node| tree.token(node).id).collect()
}

#[cfg(test)]
mod tests {
    use super::{TextToken, Tree, ids};
    use crate::session::trace::TokenId;

    fn text(tree: &mut Tree, ids: &[u32]) -> usize {
        let grown = ids.iter().fold(None, |parent, id| {
            Some(tree.grow(parent, TextToken { id: TokenId(*id), taken_by: None, forced: false }))
        });
        grown.expect("a token")
    }

    #[test]
    fn texts_share_their_beginnings_and_are_listed_where_they_leave() {
        let mut tree = Tree::default();
        let main = text(&mut tree, &[1, 2, 3, 4]);
        let other = text(&mut tree, &[1, 2, 9]);
        let deep = text(&mut tree, &[1, 2, 9, 8]);
        let short = text(&mut tree, &[1, 2, 7]);
        assert_eq!(ids(&tree, Some(deep)), [1, 2, 9, 8].map(TokenId));
        assert_eq!(tree.parent(deep), Some(other));
        let ends: Vec<(usize, usize, usize)> = tree.branches(None).iter().map(|b| (b.end, b.at, b.depth)).collect();
        assert_eq!(ends, [(main, 0, 0), (deep, 2, 1), (short, 2, 1)]);
        assert_eq!(tree.tried(short).len(), 3);
        tree.set_removed(other, true);
        assert_eq!(tree.branches(None).len(), 2);
        tree.set_removed(other, false);
        assert_eq!(tree.branches(Some(other)).len(), 4, "the present text is listed though another goes on from it");
        assert_eq!(text(&mut tree, &[1, 2, 9, 8]), deep, "the same text is not made twice");
        assert_eq!(tree.forward(other), deep);
    }
}
