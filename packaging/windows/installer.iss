; The installer for Windows, made by Inno Setup 6; build.py defines Version, Bundle, Icon, Spanned.

[Setup]
; Never to be changed: by it an installed version is found again.
AppId={{6F1B0C52-7C0E-4C55-9D0B-5B1B0E6F2A31}
AppName=NAM A2 Trainer
AppVersion={#Version}
AppPublisher=The NAM A2 Trainer developers
; For this user alone: nobody is asked for an administrator's password.
PrivilegesRequired=lowest
DefaultDirName={autopf}\NAM A2 Trainer
DefaultGroupName=NAM A2 Trainer
DisableProgramGroupPage=yes
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
ChangesEnvironment=no
CloseApplications=yes
SetupIconFile={#Icon}
UninstallDisplayIcon={app}\nam-gui.exe
Compression=lzma2
SolidCompression=yes
WizardStyle=modern
; A single file ends at 4.2 GB; with CUDA it may be more.
DiskSpanning={#Spanned}
DiskSliceSize=max

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "associate"; Description: "{cm:AssocFileExtension,NAM A2 Trainer,.nam}"

[InstallDelete]
; Modules of an older version must not be found beside those of this one.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Bundle}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\NAM A2 Trainer"; Filename: "{app}\nam-gui.exe"
Name: "{autodesktop}\NAM A2 Trainer"; Filename: "{app}\nam-gui.exe"; Tasks: desktopicon

[Registry]
; Other programs may own the ending, so it is offered in "Open with" and taken only if asked for.
Root: HKA; Subkey: "Software\Classes\NamA2Trainer.nam"; ValueType: string; ValueData: "Neural Amp Modeler model"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\NamA2Trainer.nam\DefaultIcon"; ValueType: string; ValueData: "{app}\nam-gui.exe,0"
Root: HKA; Subkey: "Software\Classes\NamA2Trainer.nam\shell\open\command"; ValueType: string; ValueData: """{app}\nam-gui.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\.nam\OpenWithProgids"; ValueType: string; ValueName: "NamA2Trainer.nam"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\.nam"; ValueType: string; ValueData: "NamA2Trainer.nam"; Flags: uninsdeletevalue; Tasks: associate

[Run]
Filename: "{app}\nam-gui.exe"; Description: "{cm:LaunchProgram,NAM A2 Trainer}"; Flags: nowait postinstall skipifsilent
