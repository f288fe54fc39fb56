namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>A parameter that the runner itself understands, for every command.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Aliases">Its short names.</param>
/// <param name="Text">What it does, for help.</param>
/// <param name="Values">What it can be; empty for a switch.</param>
/// <param name="Apply">Stores it.</param>
/// <param name="ForChanges">Only for commands that change something.</param>
internal sealed record CommonParameter(
    string Name,
    string[] Aliases,
    string Text,
    string[] Values,
    Action<RunnerOptions, string> Apply,
    bool ForChanges = false)
{
    private static readonly string[] Actions = Enum.GetNames<StreamAction>();
    private static readonly string[] QuietActions = [nameof(StreamAction.Continue), nameof(StreamAction.SilentlyContinue), nameof(StreamAction.Ignore)];

    public static IReadOnlyList<CommonParameter> All { get; } =
    [
        new("OutputFormat", [], "How results are written.", Enum.GetNames<OutputFormat>(), (options, text) => options.OutputFormat = Enum.Parse<OutputFormat>(text)),
        new("InputFormat", [], "Read pipeline input from standard input, in this form. A lone '-' does the same with Auto.", Enum.GetNames<InputFormat>(), (options, text) =>
        {
            options.InputFormat = Enum.Parse<InputFormat>(text);
            options.ReadsInput = true;
        }),
        new("WhatIf", ["wi"], "Say what would be done, and do not do it.", [], (options, text) => options.WhatIf = IsTrue(text), ForChanges: true),
        new("Confirm", ["cf"], "Ask before each change; -Confirm:false never asks.", [], (options, text) => options.Confirm = IsTrue(text), ForChanges: true),
        new("Verbose", ["vb"], "Say what is being done, on standard error.", [], (options, text) => options.Verbose = IsTrue(text)),
        new("Debug", ["db"], "Print details of unexpected failures.", [], (options, text) => options.Debug = IsTrue(text)),
        new("ErrorAction", ["ea"], "After an error: go on, stop, or go on without printing it (Ignore: without counting it either).", Actions, (options, text) => options.ErrorAction = Enum.Parse<StreamAction>(text)),
        new("WarningAction", ["wa"], "Print warnings, stop at one, or do not print them.", Actions, (options, text) => options.WarningAction = Enum.Parse<StreamAction>(text)),
        new("ProgressAction", ["proga"], "Show progress or not.", QuietActions, (options, text) => options.ProgressAction = Enum.Parse<StreamAction>(text)),
        new("?", [], "Show the help of the command.", [], (options, text) => options.Help = IsTrue(text)),
    ];

    public bool IsSwitch => Values.Length == 0;

    private static bool IsTrue(string text) => text == bool.TrueString;
}
