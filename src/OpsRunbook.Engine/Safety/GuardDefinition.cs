namespace OpsRunbook.Engine.Safety;

/// <summary>A guard that <see cref="ChangeRunner.Require"/> asks by its name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Protects">What it is for, in a sentence.</param>
/// <param name="Commands">Cmdlets that ask it; none for every one that changes something.</param>
public sealed record GuardDefinition(string Name, string Protects, params string[] Commands)
{
    /// <summary>An operator can override it.</summary>
    public bool CanBeForced { get; init; } = true;
}
