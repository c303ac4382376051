use super::{Flow, FlowStep, Undo};
use crate::lifecycle::machine::{Value, Variable, VariableKind};
use crate::lifecycle::step::{StepError, Told};
use crate::table::RuleId;

/// What a flow does, action by action, and what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The flow.
    pub flow: String,
    /// The step that fails, if one does.
    pub failing: Option<String>,
    /// What is done, in order.
    pub actions: Vec<Action>,
    /// What the caller is told, `{error}` standing for the cause; none: the flow is done.
    pub told: Option<String>,
    /// What the caller has, if the flow is done.
    pub kept: Vec<String>,
    /// What stays behind.
    pub left: Vec<Left>,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it is.
    pub kind: ActionKind,
    /// The step's or undoing's name.
    pub id: String,
    /// What is done.
    pub does: String,
    /// What it acquires.
    pub acquires: Vec<String>,
    /// What it releases of what is there.
    pub releases: Vec<String>,
    /// What the caller is not told of a failure.
    pub swallows: Option<String>,
}

/// What an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// A step that is done.
    Step,
    /// The step that fails.
    Fails,
    /// Something is undone.
    Undo,
}

impl ActionKind {
    /// `step`, `fails` or `undo`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Fails => "fails",
            Self::Undo => "undo",
        }
    }
}

/// Something that stays behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// What.
    pub resource: String,
    /// What that is.
    pub doc: String,
    /// The leak of the original that says so; a flow with one that is not listed does not load.
    pub leak: Option<RuleId>,
}

impl Flow {
    /// What is done if a step fails, or if none does: the exact actions in their order, and what stays behind.
    ///
    /// `told` says what the flow depends on; what is not told is as the table has it.
    ///
    /// # Errors
    /// If there is no such step or variable, or the step is not one that is done and can fail with what is told.
    ///
    /// ```
    /// use plimsoll::lifecycle::Flow;
    /// let flows = Flow::builtin()?;
    /// let flow = flows.iter().find(|flow| flow.id == "task-create").unwrap();
    /// let plan = flow.plan(Some("shim-start"), &Vec::new())?;
    /// let done: Vec<&str> = plan.actions.iter().map(|action| action.id.as_str()).collect();
    /// assert_eq!(done, ["bundle", "shim-start", "delete-bundle"]);
    /// assert!(plan.left.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self, failing: Option<&str>, told: &Told) -> Result<Plan, StepError> {
        let values = self.values(told)?;
        let known = || {
            let steps = self.steps.iter().filter(|step| step.fails_with(&values));
            steps.map(|step| step.id.clone()).collect()
        };
        let failing = match failing {
            None => None,
            Some(id) => {
                let found = self.steps.iter().position(|step| step.id == id && step.fails_with(&values));
                let what = "step that can fail here";
                Some(found.ok_or_else(|| StepError::Unknown {
                    what,
                    asked: id.to_owned(),
                    known: known(),
                })?)
            }
        };
        Ok(self.follow(failing, &values))
    }

    fn values(&self, told: &Told) -> Result<Vec<Value>, StepError> {
        let mut values: Vec<Value> = self.variables.iter().map(|variable| variable.fresh.clone()).collect();
        for (name, value) in told {
            let Some(number) = self.variables.iter().position(|variable| variable.name == *name) else {
                let known = self.variables.iter().map(|variable| variable.name.clone()).collect();
                return Err(StepError::Unknown { what: "variable", asked: name.clone(), known });
            };
            let (Some(variable), Some(slot)) = (self.variables.get(number), values.get_mut(number)) else {
                continue;
            };
            *slot = variable.fitting(value.clone())?;
        }
        Ok(values)
    }

    /// Every way through the flow: nothing fails, or one step does, in everything it depends on. With each, what was told
    /// for it beyond what need not be.
    #[must_use]
    pub fn runs(&self) -> Vec<(Told, Plan)> {
        let mut out = Vec::new();
        for values in self.combinations() {
            let pairs =
                self.variables.iter().zip(&values).filter(|(variable, value)| variable.fresh != **value);
            let told: Told = pairs.map(|(variable, value)| (variable.name.clone(), value.clone())).collect();
            let steps = self.steps.iter().enumerate().filter(|(_, step)| step.fails_with(&values));
            for failing in std::iter::once(None).chain(steps.map(|(number, _)| Some(number))) {
                out.push((told.clone(), self.follow(failing, &values)));
            }
        }
        // The shortest first.
        out.sort_by_key(|(told, _)| told.len());
        out
    }

    /// Every combination of what the flow depends on.
    pub(super) fn combinations(&self) -> Vec<Vec<Value>> {
        let all = |variable: &Variable| match &variable.kind {
            VariableKind::Bool => vec![Value::Bool(false), Value::Bool(true)],
            VariableKind::Names(all) => all.iter().map(|name| Value::Text(Some(name.clone()))).collect(),
            VariableKind::Text => vec![variable.fresh.clone()],
        };
        self.variables.iter().fold(vec![Vec::new()], |so_far, variable| {
            let mut longer = Vec::new();
            for one in so_far {
                for value in all(variable) {
                    longer.push(one.iter().cloned().chain([value]).collect());
                }
            }
            longer
        })
    }

    pub(super) fn follow(&self, failing: Option<usize>, values: &[Value]) -> Plan {
        let mut there = self.holds.clone();
        let mut actions = Vec::new();
        let mut armed: Vec<&Undo> = Vec::new();
        let (mut failed, mut told) = (false, None);
        for (number, step) in self.steps.iter().enumerate().filter(|(_, step)| step.when.holds(values)) {
            let fails = failing == Some(number);
            let acquired = if fails { &step.partial } else { &step.acquires };
            let released = if fails { Vec::new() } else { release(&mut there, &step.releases) };
            there.extend(acquired.iter().filter(|resource| !released.contains(resource)));
            actions.push(Action {
                kind: if fails { ActionKind::Fails } else { ActionKind::Step },
                id: step.id.clone(),
                does: step.does.clone(),
                acquires: self.names(acquired),
                releases: self.names(&released),
                swallows: step.swallows.clone().filter(|_| fails),
            });
            if fails {
                told.clone_from(&step.error);
                failed = step.error.is_some();
                if !step.goes_on {
                    break;
                }
            } else {
                armed.extend(self.undos.iter().filter(|undo| undo.armed == Some(number)));
            }
        }
        let inline = self.undos.iter().filter(|undo| undo.armed.is_none());
        // What is put off is done in reverse.
        for undo in inline.chain(armed.into_iter().rev()) {
            let meant = match failing {
                Some(number) if failed => undo.failing.is_empty() || undo.failing.contains(&number),
                _ => undo.always,
            };
            if meant && undo.when.holds(values) {
                let released = release(&mut there, &undo.releases);
                actions.push(Action {
                    kind: ActionKind::Undo,
                    id: undo.id.clone(),
                    does: undo.does.clone(),
                    acquires: Vec::new(),
                    releases: self.names(&released),
                    swallows: undo.swallows.clone(),
                });
            }
        }
        let (kept, left): (Vec<usize>, Vec<usize>) =
            there.into_iter().partition(|resource| !failed && self.result.contains(resource));
        Plan {
            flow: self.id.clone(),
            failing: failing.and_then(|number| self.steps.get(number)).map(|step| step.id.clone()),
            actions,
            told,
            kept: self.names(&kept),
            left: left.into_iter().filter_map(|resource| self.left(resource, failing, values)).collect(),
        }
    }

    fn left(&self, resource: usize, failing: Option<usize>, values: &[Value]) -> Option<Left> {
        let leak = self.leaks.iter().find(|leak| {
            leak.resource == resource && leak.failing.contains(&failing) && leak.when.holds(values)
        });
        let found = self.resources.get(resource)?;
        Some(Left {
            resource: found.name.clone(),
            doc: found.doc.clone(),
            leak: leak.map(|leak| leak.id.clone()),
        })
    }
}

impl FlowStep {
    /// Whether the step is done with these, and can fail.
    pub(super) fn fails_with(&self, values: &[Value]) -> bool {
        !self.sure && self.when.holds(values)
    }
}

/// Takes out of what is there what is released.
fn release(there: &mut Vec<usize>, wanted: &[usize]) -> Vec<usize> {
    let released: Vec<usize> = there.iter().copied().filter(|resource| wanted.contains(resource)).collect();
    there.retain(|resource| !wanted.contains(resource));
    released
}
