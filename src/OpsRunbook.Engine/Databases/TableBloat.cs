namespace OpsRunbook.Engine.Databases;

/// <summary>An estimate of what holds no live row.</summary>
/// <param name="Percent">0 to 100 of the table; null when there is no estimate.</param>
/// <param name="Trust">How far to trust it.</param>
/// <param name="Note">Why no further; null for nothing to say.</param>
internal sealed record TableBloat(double? Percent, DbEstimateTrust Trust, string? Note);
