using OpsRunbook.Engine;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>Binds a command line by PowerShell's rules.</summary>
internal sealed class ParameterBinder
{
    private readonly CommandShape _command;
    private readonly BoundCommand _bound;
    private readonly HashSet<string> _commonGiven = new(StringComparer.Ordinal);
    private readonly List<string> _positional = [];
    private List<string?> _sets;

    private ParameterBinder(CommandShape command)
    {
        _command = command;
        _bound = new BoundCommand(command);
        _sets = command.Sets.Count == 0 ? [null] : [.. command.Sets];
    }

    /// <summary>Binds.</summary>
    /// <param name="command">The command.</param>
    /// <param name="arguments">What follows its name.</param>
    /// <returns>The call.</returns>
    /// <exception cref="UsageException">The arguments do not fit.</exception>
    public static BoundCommand Bind(CommandShape command, IReadOnlyList<string> arguments)
    {
        var binder = new ParameterBinder(command);
        binder.ReadArguments(arguments);
        if (!binder._bound.Options.Help)
        {
            binder.BindPositional();
            binder.ChooseSet();
        }

        return binder._bound;
    }

    /// <summary>Finds a parameter by name, alias or unambiguous prefix.</summary>
    /// <param name="command">The command.</param>
    /// <param name="text">The name without the dash.</param>
    /// <returns>The command's own parameter or a common one.</returns>
    /// <exception cref="UsageException">There is none, or more than one.</exception>
    public static (ParameterShape? Own, CommonParameter? Common) Resolve(CommandShape command, string text)
    {
        var common = Common(command).ToList();
        if (command.Parameters.FirstOrDefault(parameter => Names(parameter).Contains(text, StringComparer.OrdinalIgnoreCase)) is { } exact)
        {
            return (exact, null);
        }

        if (common.FirstOrDefault(parameter => Names(parameter).Contains(text, StringComparer.OrdinalIgnoreCase)) is { } exactCommon)
        {
            return (null, exactCommon);
        }

        var own = command.Parameters.Where(parameter => Names(parameter).Any(name => name.StartsWith(text, StringComparison.OrdinalIgnoreCase))).ToList();
        var shared = common.Where(parameter => Names(parameter).Any(name => name.StartsWith(text, StringComparison.OrdinalIgnoreCase))).ToList();
        return (own.Count, shared.Count) switch
        {
            (1, _) => (own[0], null),
            (0, 1) => (null, shared[0]),
            (0, 0) => throw Unknown(command, text),
            _ => throw new UsageException(
                "Usage.ParameterAmbiguous",
                $"-{text} could be {string.Join(", ", own.Select(parameter => "-" + parameter.Name).Concat(shared.Select(parameter => "-" + parameter.Name)))}. Write more of the name."),
        };
    }

    /// <summary>The common parameters that a command has.</summary>
    /// <param name="command">The command.</param>
    /// <returns>Without -WhatIf and -Confirm for one that changes nothing.</returns>
    public static IEnumerable<CommonParameter> Common(CommandShape command) =>
        CommonParameter.All.Where(parameter => command.SupportsShouldProcess || !parameter.ForChanges);

    /// <summary>An argument that PowerShell would take for the name of a parameter.</summary>
    /// <param name="argument">The argument.</param>
    /// <returns>False for values, negative numbers and a lone dash.</returns>
    public static bool IsParameterName(string argument) =>
        argument.Length > 1 && argument[0] == '-' && (char.IsAsciiLetter(argument[1]) || argument[1] is '?' or '_' || (argument[1] == '-' && argument.Length > 2));

    private static IEnumerable<string> Names(ParameterShape parameter) => parameter.Aliases.Prepend(parameter.Name);

    private static IEnumerable<string> Names(CommonParameter parameter) => parameter.Aliases.Prepend(parameter.Name);

    private static UsageException Unknown(CommandShape command, string text)
    {
        var known = command.Parameters.Where(parameter => !parameter.Hidden).Select(parameter => parameter.Name)
            .Concat(Common(command).Select(parameter => parameter.Name));
        var hint = Nearest.Find(text.TrimStart('-'), known) is { } nearest ? $"Did you mean -{nearest}?" : $"'opsrunbook help {command.Name}' lists its parameters.";
        return new UsageException("Usage.ParameterUnknown", $"There is no parameter -{text}. {hint}");
    }

    private static UsageException Invalid(ParameterShape parameter, FormatException error) =>
        new("Usage.ParameterInvalid", $"-{parameter.Name} cannot be bound: {error.Message}");

    private static bool ReadSwitch(string name, string? text)
    {
        if (text is null)
        {
            return true;
        }

        return ValueConverter.Boolean(text) ?? throw new UsageException(
            "Usage.SwitchInvalid",
            text.Length == 0
                ? $"-{name}: has lost its value, most likely because the shell expanded $false to nothing. Write '-{name}:$false' in quotes, or -{name}:false."
                : $"-{name} is a switch: it takes -{name}:true or -{name}:false, not '{text}'.");
    }

    private void ReadArguments(IReadOnlyList<string> arguments)
    {
        var index = 0;
        while (index < arguments.Count)
        {
            var argument = arguments[index];
            if (argument == "--")
            {
                index++;
                while (index < arguments.Count)
                {
                    _positional.Add(TakeRaw(arguments, ref index));
                }
            }
            else if (argument == "-")
            {
                _bound.Options.ReadsInput = true;
                index++;
            }
            else if (IsParameterName(argument))
            {
                ReadNamed(arguments, ref index);
            }
            else
            {
                _positional.Add(TakeRaw(arguments, ref index));
            }
        }
    }

    private void ReadNamed(IReadOnlyList<string> arguments, ref int index)
    {
        var argument = arguments[index];
        var colon = argument.IndexOf(':', StringComparison.Ordinal);
        var (name, attached) = colon < 0 ? (argument[1..], null) : (argument[1..colon], argument[(colon + 1)..]);
        var (own, common) = Resolve(_command, name);
        var isNew = own is null ? _commonGiven.Add(common!.Name) : !_bound.Values.ContainsKey(own.Name);
        if (!isNew)
        {
            throw new UsageException("Usage.ParameterTwice", $"-{own?.Name ?? common!.Name} is given twice. To give it several values, separate them by commas.");
        }

        if (own?.IsSwitch ?? common!.IsSwitch)
        {
            index++;
            var value = ReadSwitch(own?.Name ?? common!.Name, attached);
            if (own is null)
            {
                common!.Apply(_bound.Options, value.ToString());
            }
            else
            {
                Store(own, value);
            }

            return;
        }

        var texts = TakeValue(arguments, ref index, own?.Name ?? common!.Name, attached, own is null || !own.Type.IsArray);
        if (own is null)
        {
            common!.Apply(_bound.Options, Choose(common, texts[0]));
        }
        else
        {
            StoreText(own, texts);
        }
    }

    private static string Choose(CommonParameter parameter, string text)
    {
        var matches = parameter.Values.Where(value => value.StartsWith(text, StringComparison.OrdinalIgnoreCase)).ToList();
        return parameter.Values.FirstOrDefault(value => string.Equals(value, text, StringComparison.OrdinalIgnoreCase))
            ?? (matches.Count == 1 && text.Length > 0 ? matches[0] : null)
            ?? throw new UsageException("Usage.ParameterInvalid", $"-{parameter.Name} cannot be bound: {ValueConverter.OneOf(text, parameter.Values)}");
    }

    private static List<string> TakeValue(IReadOnlyList<string> arguments, ref int index, string name, string? attached, bool single)
    {
        if (!string.IsNullOrEmpty(attached))
        {
            var list = arguments.Skip(index + 1).Prepend(attached).ToList();
            var taken = 0;
            var texts = single ? [list[taken++]] : ArgumentList.Take(list, ref taken);
            index += taken;
            return texts;
        }

        index++;
        if (index >= arguments.Count || IsParameterName(arguments[index]))
        {
            var found = index < arguments.Count ? $"; '{arguments[index]}' is the next parameter (write -{name}:{arguments[index]} if it is the value)" : string.Empty;
            throw new UsageException("Usage.ValueMissing", $"-{name} needs a value{found}.");
        }

        return single ? [arguments[index++]] : ArgumentList.Take(arguments, ref index);
    }

    // Whether it is a list is only known when its parameter is.
    private static string TakeRaw(IReadOnlyList<string> arguments, ref int index)
    {
        var start = index;
        _ = ArgumentList.Take(arguments, ref index);
        return string.Concat(arguments.Skip(start).Take(index - start));
    }

    private void BindPositional()
    {
        for (var i = 0; i < _positional.Count; i++)
        {
            var argument = _positional[i];
            if (NextPositional() is { } parameter)
            {
                StoreText(parameter, parameter.Type.IsArray ? ArgumentList.Split(argument) : [argument]);
            }
            else if (_command.Parameters.FirstOrDefault(rest => !_bound.Values.ContainsKey(rest.Name) && _sets.Any(set => rest.RoleIn(set) is { TakesRest: true })) is { } remaining)
            {
                StoreText(remaining, [.. _positional.Skip(i).SelectMany(ArgumentList.Split)]);
                return;
            }
            else
            {
                throw new UsageException("Usage.PositionalUnexpected", $"'{argument}' stands where no more arguments are expected. Several values of one parameter are separated by commas.");
            }
        }
    }

    private ParameterShape? NextPositional()
    {
        // The default set wins where two sets have a parameter at the same place.
        var preferred = _sets.Where(set => string.Equals(set, _command.DefaultSet, StringComparison.OrdinalIgnoreCase)).Concat(_sets);
        foreach (var set in preferred)
        {
            var next = _command.Parameters
                .Where(parameter => !_bound.Values.ContainsKey(parameter.Name))
                .Select(parameter => (Parameter: parameter, parameter.RoleIn(set)?.Position))
                .Where(candidate => candidate.Position is not null)
                .OrderBy(candidate => candidate.Position)
                .Select(candidate => candidate.Parameter)
                .FirstOrDefault();
            if (next is not null)
            {
                return next;
            }
        }

        return null;
    }

    private void StoreText(ParameterShape parameter, List<string> texts)
    {
        if (parameter.IsSwitch)
        {
            throw new UsageException("Usage.PositionalUnexpected", $"-{parameter.Name} is a switch and takes no value.");
        }

        try
        {
            var value = parameter.IsCredential ? texts[0] : ValueConverter.Convert(texts, parameter);
            ValueValidator.Check(parameter, value);
            Store(parameter, value);
        }
        catch (FormatException error)
        {
            throw Invalid(parameter, error);
        }
    }

    private void Store(ParameterShape parameter, object? value)
    {
        var left = _sets.Where(set => parameter.RoleIn(set) is not null).ToList();
        if (left.Count == 0)
        {
            var others = _bound.Values.Keys
                .Select(name => _command.Parameters.First(other => other.Name == name))
                .Where(other => other.Roles.All(role => role.Set != ParameterRole.AllSets))
                .Select(other => "-" + other.Name);
            throw new UsageException("Usage.ParameterSet", $"-{parameter.Name} cannot be used together with {string.Join(" and ", others)}.");
        }

        _sets = left;
        _bound.Values[parameter.Name] = value;
    }

    private void ChooseSet()
    {
        var options = _sets
            .Select(set => (Set: set, Missing: _command.Parameters.Where(parameter => parameter.RoleIn(set) is { Mandatory: true } && !_bound.Values.ContainsKey(parameter.Name)).ToList()))
            .OrderBy(option => string.Equals(option.Set, _command.DefaultSet, StringComparison.OrdinalIgnoreCase) ? 0 : 1)
            .ToList();
        foreach (var (set, missing) in options)
        {
            if (missing.All(parameter => parameter.RoleIn(set) is { ByValue: true } or { ByPropertyName: true }))
            {
                _bound.Set = set;
                _bound.AwaitsFromPipeline = missing;
                return;
            }
        }

        var needs = options.Select(option => string.Join(" and ", option.Missing.Select(parameter => "-" + parameter.Name))).Distinct(StringComparer.Ordinal);
        throw new UsageException("Usage.ParameterMissing", $"{string.Join(", or ", needs)} must be given.");
    }
}
