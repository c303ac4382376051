use clap::{Args, Subcommand, ValueEnum};

use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::{Exit, Fatal, STATUS};
use crate::lifecycle::{Flow, Lifecycle, Machine, StepError, Told, Value, Variable, VariableKind};
use crate::report::{
    StepReport, flow_human, flow_json, flows_human, flows_json, machines_dot, machines_json,
    machines_mermaid, machines_table, plan_human, plan_json, step_human, step_json,
};
use crate::source::nearest;
use crate::subject::Kind;

/// Show how the shim keeps a container's processes: as state machines, step by step
///
/// Without a command the machines are printed, each as a table of states and operations. `step` answers what one operation does
/// in one state, `flow` how containers are made and unmade, and what stays if a step fails. A trace of several steps is a document like others: `plimsoll check --kind lifecycle`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct LifecycleArgs {
    #[command(subcommand)]
    command: Option<LifecycleCommand>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Only this machine
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: MachineFormat,
}

const AFTER_HELP: &str = "\
Examples:
  plimsoll lifecycle                                       all machines as tables
  plimsoll lifecycle --machine init --format dot | dot -Tsvg > init.svg
  plimsoll lifecycle step paused Delete                    may a paused container be deleted?
  plimsoll lifecycle step --machine exec running Kill --tell signal_error=
  plimsoll lifecycle flow task-create --fail features      what stays behind if this step fails
  echo '{\"machine\": \"init\", \"ops\": [{\"op\": \"Start\"}, {\"op\": \"Delete\"}]}' | plimsoll check --kind lifecycle -

";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MachineFormat {
    /// For people
    Table,
    /// A graph for Graphviz
    Dot,
    /// A state diagram for Mermaid
    Mermaid,
    /// One JSON document
    Json,
}

#[derive(Debug, Subcommand)]
enum LifecycleCommand {
    Step(StepArgs),
    Flow(FlowArgs),
}

/// How containers are made and unmade: the steps, what undoes them, and what stays if one fails
///
/// Without a name the flows are listed. With a name one is shown, and with --fail what it does if a step fails: the exact actions in
/// their order, what the caller is told, and what stays behind.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll lifecycle flow
  plimsoll lifecycle flow task-create
  plimsoll lifecycle flow task-create --fail features
  plimsoll lifecycle flow task-create --fail create --tell shim_delete=\"times out\" --tell shutdown=fails
  plimsoll lifecycle flow shim-delete --fail none --tell terminal=true

Exit status:
  0  nothing stays behind (or no plan was asked for)
  1  something stays behind
  2  there is no such flow or step")]
struct FlowArgs {
    /// The flow
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The step that fails; `none`: all are done
    #[arg(long, value_name = "STEP", requires = "name")]
    fail: Option<String>,
    /// Tell something that the flow depends on
    #[arg(long = "tell", value_name = "NAME=VALUE", requires = "fail")]
    tell: Vec<String>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: super::check::Format,
}

/// What one operation does in one state
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll lifecycle step running Delete
  plimsoll lifecycle step running Pause --tell runtime_error=\"cgroup busy\"
  plimsoll lifecycle step --machine exec created Status --tell parent_state=paused")]
struct StepArgs {
    /// The state in which it is asked for
    #[arg(value_name = "STATE")]
    state: String,
    /// The operation
    #[arg(value_name = "OP")]
    operation: String,
    /// The machine
    #[arg(long, value_name = "NAME", default_value = "init")]
    machine: String,
    /// Tell something that the step depends on; `plimsoll lifecycle` lists what there is. An empty value is none
    #[arg(long = "tell", value_name = "NAME=VALUE")]
    tell: Vec<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: super::check::Format,
}

pub(super) fn run(args: &LifecycleArgs, output: &mut Output) -> Result<Exit, Fatal> {
    match &args.command {
        None => print(args, output),
        Some(LifecycleCommand::Step(args)) => step(args, output),
        Some(LifecycleCommand::Flow(args)) => flow(args, output),
    }
}

/// The machines of the chosen profile, or of the newest that has them.
fn machines(policies: &Policies) -> Result<&Lifecycle, Fatal> {
    let policy = policies.judge_of(Kind::Lifecycle)?;
    policy.lifecycle().ok_or_else(|| {
        let help = format!("there are some for {}", policies.judging(Kind::Lifecycle).join(", "));
        Fatal::new(format!("there are no machines for {}", policy.profile()), help)
    })
}

fn print(args: &LifecycleArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let lifecycle = machines(&policies)?;
    let wanted = |machine: &&Machine| args.machine.as_ref().is_none_or(|id| *id == machine.id);
    let chosen: Vec<&Machine> = lifecycle.machines().iter().filter(wanted).collect();
    if let (Some(asked), true) = (&args.machine, chosen.is_empty()) {
        lifecycle.process(asked, false).map_err(fatal)?;
    }
    output.text(&match args.format {
        MachineFormat::Table => machines_table(lifecycle, &chosen),
        MachineFormat::Dot => machines_dot(&chosen),
        MachineFormat::Mermaid => machines_mermaid(&chosen),
        MachineFormat::Json => machines_json(lifecycle, &chosen),
    })?;
    Ok(Exit::Clean)
}

fn fatal(error: StepError) -> Fatal {
    Fatal::new(error.to_string(), "`plimsoll lifecycle` prints the machines")
}

fn step(args: &StepArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let mut process = machines(&policies)?.process_in(&args.machine, &args.state).map_err(fatal)?;
    let mut told = Told::new();
    for text in &args.tell {
        let (name, value, hidden) = said(text, process.machine().variables())?;
        if hidden {
            process.tell(&name, value).map_err(fatal)?;
        } else {
            told.push((name, value));
        }
    }
    let step = process.step(&args.operation, &told).map_err(fatal)?;
    let exit = if step.ok { Exit::Clean } else { Exit::Denied };
    let report = StepReport {
        machine: args.machine.clone(),
        from: args.state.clone(),
        operation: args.operation.clone(),
        step,
    };
    output.text(&match args.format {
        super::check::Format::Human => step_human(&report),
        super::check::Format::Json => step_json(&report),
    })?;
    Ok(exit)
}

/// A variable, what it is told to be, and whether it is hidden.
fn said(text: &str, variables: &[Variable]) -> Result<(String, Value, bool), Fatal> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(Fatal::new(format!("`--tell {text}` tells nothing"), "it is written NAME=VALUE"));
    };
    let Some(variable) = variables.iter().find(|variable| variable.name == name) else {
        let names: Vec<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
        let meant = nearest(name, names.iter().copied());
        let meant = meant.map_or_else(String::new, |meant| format!("perhaps `{meant}` is meant; "));
        let help = format!("{meant}what can be told: {}", names.join(", "));
        return Err(Fatal::new(format!("there is no variable `{name}`"), help));
    };
    let value = match (&variable.kind, value) {
        (VariableKind::Bool, "true") => Value::Bool(true),
        (VariableKind::Bool, "false") => Value::Bool(false),
        (VariableKind::Text, "") => Value::Text(None),
        _ => Value::Text(Some(value.to_owned())),
    };
    Ok((name.to_owned(), value, variable.hidden))
}

fn flow(args: &FlowArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let flows = Flow::builtin().map_err(|error| Fatal::new(error.to_string(), ""))?;
    let human = args.format == super::check::Format::Human;
    let Some(name) = &args.name else {
        output.text(&if human { flows_human(&flows) } else { flows_json(&flows) })?;
        return Ok(Exit::Clean);
    };
    let Some(flow) = flows.iter().find(|flow| flow.id == *name) else {
        let names: Vec<&str> = flows.iter().map(|flow| flow.id.as_str()).collect();
        let all = format!("there are {}", names.join(", "));
        let help = match nearest(name, names) {
            Some(meant) => format!("perhaps `{meant}` is meant; {all}"),
            None => all,
        };
        return Err(Fatal::new(format!("there is no flow `{name}`"), help));
    };
    let Some(failing) = &args.fail else {
        output.text(&if human { flow_human(flow) } else { flow_json(flow) })?;
        return Ok(Exit::Clean);
    };
    let told = args.tell.iter().map(|text| said(text, &flow.variables).map(|(name, value, _)| (name, value)));
    let told: Told = told.collect::<Result<_, _>>()?;
    let failing = Some(failing.as_str()).filter(|step| *step != "none");
    let help = format!("`plimsoll lifecycle flow {name}` shows its steps and what they depend on");
    let plan = flow.plan(failing, &told).map_err(|error| Fatal::new(error.to_string(), help))?;
    output.text(&if human { plan_human(&plan) } else { plan_json(&plan) })?;
    Ok(if plan.left.is_empty() { Exit::Clean } else { Exit::Denied })
}
