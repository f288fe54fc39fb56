namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>The part that a parameter plays in one parameter set.</summary>
/// <param name="Set">Name of the set; <see cref="AllSets"/> for every set.</param>
/// <param name="Mandatory">The set cannot be used without it.</param>
/// <param name="Position">Place among the arguments without a name; null for none.</param>
/// <param name="ByValue">Takes a whole pipeline item.</param>
/// <param name="ByPropertyName">Takes the property of a pipeline item that has its name.</param>
/// <param name="TakesRest">Takes every argument that nothing else took.</param>
internal sealed record ParameterRole(string Set, bool Mandatory, int? Position, bool ByValue, bool ByPropertyName, bool TakesRest)
{
    public const string AllSets = "__AllParameterSets";

    public bool IsIn(string? set) => set is null || Set == AllSets || string.Equals(Set, set, StringComparison.OrdinalIgnoreCase);
}
