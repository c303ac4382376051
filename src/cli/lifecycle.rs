use clap::{Args, Subcommand, ValueEnum};

use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::{Exit, Fatal, STATUS};
use crate::lifecycle::{Lifecycle, Machine, Process, StepError, Told, Value, VariableKind};
use crate::report::{
    StepReport, machines_dot, machines_json, machines_mermaid, machines_table, step_human, step_json,
};
use crate::source::nearest;
use crate::subject::Kind;

/// Show how the shim keeps a container's processes: as state machines, step by step
///
/// Without a command the machines are printed, each as a table of states and operations. `step` answers what one operation does
/// in one state. A trace of several steps is a document like others: `plimsoll check --kind lifecycle`.
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
        let (name, value, hidden) = said(text, &process)?;
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
fn said(text: &str, process: &Process<'_>) -> Result<(String, Value, bool), Fatal> {
    let variables = process.machine().variables();
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
