namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    Table,
    List,
    Json,
    NdJson,
    Csv,
}

/// <summary>How standard input is read.</summary>
internal enum InputFormat
{
    /// <summary>JSON when it begins like JSON, else lines of text.</summary>
    Auto,
    Json,
    Text,
}

/// <summary>What happens with an error, a warning or a progress report, as in PowerShell.</summary>
internal enum StreamAction
{
    Continue,
    Stop,
    SilentlyContinue,
    Ignore,
}

/// <summary>The parameters that every command has.</summary>
internal sealed class RunnerOptions
{
    public bool Verbose { get; set; }

    public bool Debug { get; set; }

    public bool WhatIf { get; set; }

    /// <summary>Ask, do not ask, or null: as the command's impact says.</summary>
    public bool? Confirm { get; set; }

    public StreamAction ErrorAction { get; set; }

    public StreamAction WarningAction { get; set; }

    public StreamAction ProgressAction { get; set; }

    public OutputFormat OutputFormat { get; set; }

    public InputFormat InputFormat { get; set; }

    /// <summary>Standard input was asked for, by <c>-</c> or <c>-InputFormat</c>.</summary>
    public bool ReadsInput { get; set; }

    public bool Help { get; set; }
}
