//! The tree as it is saved, and back.

use std::sync::Arc;

use super::{Node, NodeId, TextToken, Tree};
use crate::session::{saved, trace::StepTrace};

impl Tree {
    /// The nodes to save, and where `end` and the ends of `others` are among them. What was removed stays behind, but for
    /// these texts.
    pub(crate) fn save(&self, end: NodeId, others: &[NodeId]) -> (Vec<saved::Node>, Vec<usize>) {
        let ends = || [end].into_iter().chain(others.iter().copied());
        let mut path: Vec<NodeId> = ends().flat_map(|end| self.path(Some(end))).collect();
        path.sort_unstable();
        let mut places: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut count = 0;
        for (id, node) in self.nodes.iter().enumerate() {
            let grows = node.parent.is_none_or(|parent| places[parent].is_some());
            if path.binary_search(&id).is_ok() || grows && !node.removed {
                places[id] = Some(count);
                count += 1;
            }
        }
        let kept = self.nodes.iter().enumerate().filter(|(id, _)| places[*id].is_some());
        // A row that is still to come has rank 0: such a trace is asked for again.
        let whole = |trace: &Arc<StepTrace>| trace.exits.iter().all(|row| row.rank > 0);
        let node = |(_, node): (NodeId, &Node)| saved::Node {
            token: node.token.id,
            parent: node.parent.and_then(|parent| places[parent]),
            last: node.last.and_then(|last| places[last]),
            taken_by: node.token.taken_by.clone(),
            forced: node.token.forced,
            title: node.title.clone(),
            trace: node.trace.clone().filter(whole),
            slot: node.slot.clone().filter(whole),
        };
        (kept.map(node).collect(), ends().map(|end| places[end].unwrap_or_default()).collect())
    }

    /// The tree of saved nodes, which are numbered as they are there.
    pub(crate) fn of(saved: &[saved::Node]) -> Self {
        let mut tree = Self::default();
        for (id, node) in saved.iter().enumerate() {
            tree.nodes.push(Node {
                token: TextToken { id: node.token, taken_by: node.taken_by.clone(), forced: node.forced },
                parent: node.parent,
                children: Vec::new(),
                last: node.last,
                title: node.title.clone(),
                trace: node.trace.clone(),
                slot: node.slot.clone(),
                removed: false,
            });
            match node.parent {
                Some(parent) => tree.nodes[parent].children.push(id),
                None => tree.roots.push(id),
            }
        }
        tree
    }

    /// Everything that is known about tokens and slots.
    pub(crate) fn traces(&self) -> impl Iterator<Item = &Arc<StepTrace>> {
        self.nodes.iter().flat_map(|node| node.trace.iter().chain(&node.slot))
    }

    /// How many tokens were generated in all texts, removed ones too.
    pub(crate) fn generated(&self) -> usize {
        self.nodes.iter().filter(|node| node.token.taken_by.is_some()).count()
    }

    /// Forgets what is known about every token: it was another model that said it.
    pub(crate) fn forget(&mut self) {
        for node in &mut self.nodes {
            (node.trace, node.slot) = (None, None);
        }
    }

    /// The largest token.
    pub(crate) fn largest(&self) -> usize {
        self.nodes.iter().map(|node| node.token.id.index()).max().unwrap_or_default()
    }

    /// The title of the branch that begins with a node.
    pub(crate) fn title(&self, node: NodeId) -> Option<&str> {
        self.nodes[node].title.as_deref()
    }

    pub(crate) fn set_title(&mut self, node: NodeId, title: Option<String>) {
        self.nodes[node].title = title;
    }
}
