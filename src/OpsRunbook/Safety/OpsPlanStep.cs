namespace OpsRunbook;

/// <summary>One step of a change that has not been made: what <c>-WhatIf</c> emits, in the order of the steps.</summary>
public sealed class OpsPlanStep
{
    /// <summary>Place in the plan, from 1.</summary>
    public required int Order { get; init; }

    /// <summary>What would be done: <c>Drain</c>, <c>Stop</c>, <c>Start</c>, <c>Wait</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Member of the stack, database, key pattern or file that it would be done to.</summary>
    public required string Target { get; init; }

    /// <summary>Host on which it would be done; <c>local</c> for this machine.</summary>
    public required string Host { get; init; }

    /// <summary>How, in words or as the command that would run; never with a secret.</summary>
    public required string Detail { get; init; }

    /// <summary>Stack that the target belongs to; empty when there is none.</summary>
    public string Stack { get; init; } = string.Empty;
}
