# The public types are loaded into the default context, everything else into a private one, so that
# other modules' versions of the same packages neither disturb this module nor are disturbed by it.
# Only .NET calls and Import-Module: cmdlets of other modules (Add-Type, Join-Path) would load those first.
$publicAssembly = [System.IO.Path]::Combine($PSScriptRoot, 'bin', 'OpsRunbook.dll')
$loader = 'OpsRunbook.LoadContext' -as [type]
if (-not $loader) {
    if (-not [System.IO.File]::Exists($publicAssembly)) {
        throw "OpsRunbook is not built: '$publicAssembly' is missing. Run 'dotnet build' in the checkout, or install the packaged module."
    }

    $loader = [System.Reflection.Assembly]::LoadFrom($publicAssembly).GetType('OpsRunbook.LoadContext')
}
elseif ($loader.Assembly.Location -ne $publicAssembly) {
    Write-Warning "This session keeps using OpsRunbook from '$($loader.Assembly.Location)'. Start a new session to use '$publicAssembly'."
}

$commands = Import-Module -Assembly $loader::Initialize() -PassThru

# A second Import-Module -Force finds the assembly's module in a cache and exports nothing from it
# (PowerShell issue 20710), so the cmdlets are handed to this module by its own, internal method.
$export = [System.Management.Automation.PSModuleInfo].GetMethod('AddExportedCmdlet', [System.Reflection.BindingFlags]'Instance, NonPublic')
foreach ($command in $commands.ExportedCmdlets.Values) {
    $null = $export.Invoke($ExecutionContext.SessionState.Module, @(, $command))
}
